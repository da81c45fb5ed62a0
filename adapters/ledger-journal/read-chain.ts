/**
 * Reads a chain's leaves without writing anything, also while its gateway runs: for replay and explain. It stops where the frames
 * stop fitting; whether that is the end, a frame being written or damage, `gongdao verify` says.
 */
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import { nodeDisk } from './disk.ts'
import type { Disk } from './disk.ts'
import { chainTag, frameAt, segmentHeaderLength } from './frame.ts'
import { readSegment, segmentNumbers } from './recover.ts'
import { Replay } from './replay.ts'
import type { ReadEntry } from './replay.ts'

export interface ReadChainOptions {
  readonly folder: string
  readonly origin: string
  readonly twoPhase: boolean
  readonly visit: (entry: ReadEntry) => void
  readonly onLeaves?: (first: number, hashes: readonly TreeHash[]) => void
  readonly disk?: Disk
}

/** Answers how many leaves it read. */
export function readChain(options: ReadChainOptions): number {
  return readTree(options).edge.size
}

/** The same, with the tree that its leaves grew and its newest checkpoint. */
export function readTree(options: ReadChainOptions): Pick<Replay, 'edge' | 'note'> {
  const { disk = nodeDisk, folder, origin } = options
  const tag = chainTag(origin)
  const replay = new Replay(options)
  for (const number of segmentNumbers(disk, folder)) {
    const bytes = readSegment({ disk, folder }, number)
    let offset = segmentHeaderLength(origin)
    for (;;) {
      const frame = frameAt(bytes, offset, tag)
      if (frame.kind !== 'frame') break
      if (replay.frame(bytes, frame) !== undefined) return replay
      offset = frame.end
    }
  }
  return replay
}
