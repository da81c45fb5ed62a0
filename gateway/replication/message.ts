/**
 * A commit as a message: key = origin of the chain, value =
 *
 *     version 1 (1 byte) ‖ first index (8, big-endian) ‖ number of entries (4) ‖ entries ‖ checkpoint
 *
 * The bytes follow from the journal alone, so that a repeat is byte-identical whenever it is sent.
 */
import type { Commit } from '../ports/chain-journal.ts'

const VERSION = 1
const HEADER = 13
/** Two lengths and the 0x00 in front of a leaf. */
const SHORTEST_ENTRY = 5
/** Sixteen times those of a log's largest batch: crashes, and whoever joins commits, put several under one checkpoint. */
export const MOST_ENTRIES = 65_536

export function encodeCommit({ count, first, payload }: Commit): Buffer {
  const value = Buffer.allocUnsafe(HEADER + payload.length)
  value[0] = VERSION
  value.writeBigUInt64BE(BigInt(first), 1)
  value.writeUInt32BE(count, 9)
  payload.copy(value, HEADER)
  return value
}

/** Undefined where the bytes are not a commit; attacker-controlled. Its payload is not looked at. */
export function decodeCommit(value: Buffer | undefined): Commit | undefined {
  if (value === undefined || value.length <= HEADER || value[0] !== VERSION) return undefined
  const first = Number(value.readBigUInt64BE(1))
  const count = value.readUInt32BE(9)
  if (count === 0 || count > MOST_ENTRIES || !Number.isSafeInteger(first + count)) return undefined
  // A few bytes that claim many leaves would stand in the way of all that come after.
  if (count * SHORTEST_ENTRY > value.length - HEADER) return undefined
  return { first, count, payload: value.subarray(HEADER) }
}
