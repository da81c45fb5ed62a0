/** An export, read for an auditor (layout: `layout.ts`). What its redundancy shows to be wrong is told as narrowly as it allows. */
import type { ChainSource, FoundChain } from '../../gateway/ports/chain-source.ts'
import { nodeFiles } from './files.ts'
import type { Files } from './files.ts'
import type { Chunk } from '../../gateway/ledger/chunk.ts'
import { areHeadsWhole, chainIn, readHeads } from './layout.ts'
import { TilesReading } from './read-tiles.ts'

export interface TilesSourceOptions {
  readonly folder: string
  /** First part of every chain's name. */
  readonly instance: string
  readonly files?: Files
}

export function tilesSource({
  files = nodeFiles,
  folder,
  instance,
}: TilesSourceOptions): ChainSource {
  return {
    chains: () => Promise.resolve(chainsIn(files, folder, instance)),
    *read(origin, { from }) {
      if (origin === `${instance}/registry` && !areHeadsWhole(files, folder))
        yield headsDamaged(origin)
      const head = readHeads(files, folder).get(origin)
      if (head === undefined) return
      yield* new TilesReading({ files, folder: chainIn(folder, origin), head }, from).run()
    },
  }
}

/** What was being written when an export broke off is not in the export. */
function chainsIn(files: Files, folder: string, instance: string): FoundChain[] {
  const others = [...readHeads(files, folder).keys()].filter(
    (origin) => origin !== `${instance}/registry`,
  )
  return others.map((origin) => ({ origin, where: 'the list of checkpoints' }))
}

function headsDamaged(chain: string): Chunk {
  const sentence = 'the list of checkpoints is damaged: chains may be missing from it'
  const finding = { chain, kind: 'tile-damaged', sentence } as const
  return { bytes: Buffer.alloc(0), parts: [{ type: 'damage', finding, ends: false }] }
}
