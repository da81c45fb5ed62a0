/** The yardstick of `verify`: reads a chain's journal and computes the hashes that nobody can verify it without, and nothing else. */
import { nodeDisk } from '../../adapters/ledger-journal/disk.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { chainTag, frameAt, segmentHeaderLength } from '../../adapters/ledger-journal/frame.ts'
import type { FrameView } from '../../adapters/ledger-journal/frame.ts'
import { readSegment, segmentNumbers } from '../../adapters/ledger-journal/recover.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { digestOf, leafHash, nodeHash, type TreeHash } from '../../gateway/ledger/hash.ts'
import { commitmentToRow } from '../../gateway/ledger/public-row.ts'

/** As long as those of the bench: what it says makes no difference to its hash. */
const ROW =
  '{"bases":{"collect":"PDPA-15-1","disclose":"PDPA-16-1"},"consumer":"T/GOV/A300000014","effect":"permit","month":"2026-11","provider":"T/GOV/B300000051","purpose":"031","service":"T/GOV/B300000051/tax/income"}'
const SALT = 'AAAAAAAAAAAAAAAAAAAAAA'

/**
 * SHA-256 over every record, leaf, commitment, node of the tree and root of a checkpoint. `atCheckpoint` is called with the text of each.
 * Answers the number of leaves.
 */
export function hashChain(
  data: string,
  origin: string,
  atCheckpoint?: (text: string) => void,
): number {
  let size = 0
  const folder = chainFolder(data, origin)
  const tag = chainTag(origin)
  for (const number of segmentNumbers(nodeDisk, folder)) {
    const bytes = readSegment({ disk: nodeDisk, folder }, number)
    let offset = segmentHeaderLength(origin)
    for (;;) {
      const frame = frameAt(bytes, offset, tag)
      if (frame.kind !== 'frame') break
      const at = hashEntries(bytes, frame)
      size += frame.count
      hashRoot(size)
      atCheckpoint?.(bytes.toString('utf8', at, frame.end))
      offset = frame.end
    }
  }
  return size
}

/** Answers where the checkpoint begins. */
function hashEntries(bytes: Buffer, frame: FrameView): number {
  let before: TreeHash = '\0'.repeat(32)
  let at = frame.payload
  for (let count = 0; count < frame.count; count += 1) {
    const place = placeOf(bytes, at, frame.end)
    if (place === undefined) throw new Error('not an entry')
    digestOf(bytes.subarray(place.record, place.recordEnd))
    before = nodeHash(before, leafHash(bytes.subarray(place.hashedAt, place.end)))
    commitmentToRow(SALT, ROW)
    at = place.end
  }
  return at
}

/** A node for each perfect subtree that the size is made of, but one. */
function hashRoot(size: number): void {
  let root: TreeHash = '\0'.repeat(32)
  for (let rest = (size - 1) & size; rest > 0; rest &= rest - 1) root = nodeHash(root, root)
}
