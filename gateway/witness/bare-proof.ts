/** What a witness keeps of a proof that a stranger brought: what was checked of it, and nothing that stood beside it. */
import { parseCheckpoint, parseNote } from '../ledger/note.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'
import { parseProof, proofText } from '../ledger/tlog-proof.ts'
import { bareNote } from './parts.ts'

export interface BareProof {
  /** tlog-proof: index, path and note; nothing of what it shows, but for `extra`. */
  readonly proof: string
  /** Of the chain's key alone. */
  readonly note: string
}

/** `receipt`: as of `checkReceipt`, which has found it good. */
export function bareProof(receipt: string, keys: PinnedKeys, extra?: Uint8Array): BareProof {
  const { index, note: whole, path } = checked(parseProof(receipt) ?? parseProof(inBase64(receipt)))
  const signed = checked(parseNote(whole))
  const { origin } = checked(parseCheckpoint(signed.text))
  const note = checked(bareNote(signed, checked(keys.forChain(origin))))
  const lines = path.map((each) => `${Buffer.from(each, 'latin1').toString('base64')}\n`).join('')
  return { proof: proofText({ index, lines, note, ...(extra && { extra }) }), note }
}

function inBase64(receipt: string): string {
  return Buffer.from(receipt.trim(), 'base64').toString('utf8')
}

function checked<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error('a receipt that was checked can not be read')
  return part
}
