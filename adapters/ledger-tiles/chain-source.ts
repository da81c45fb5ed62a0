/** An export, read for an auditor (layout: `layout.ts`). What its redundancy shows to be wrong is told as narrowly as it allows. */
import * as path from 'node:path'
import { originOfPath } from '../../gateway/ledger/chain-path.ts'
import type { ChainSource, FoundChain } from '../../gateway/ports/chain-source.ts'
import { nodeFiles } from './files.ts'
import type { Files } from './files.ts'
import { chainIn, readHeads } from './layout.ts'
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
      const head = readHeads(files, folder).get(origin)
      if (head === undefined) return
      yield* new TilesReading({ files, folder: chainIn(folder, origin), head }, from).run()
    },
  }
}

/** By its folders and by its heads: either could have been added alone. */
function chainsIn(files: Files, folder: string, instance: string): FoundChain[] {
  const exchange = path.join(folder, 'exchange')
  const folders = files
    .folders(exchange)
    .flatMap((gateway) =>
      files.folders(path.join(exchange, gateway)).map((n) => ['exchange', gateway, n]),
    )
    .map((parts) => ({ origin: originOfPath(instance, parts), where: parts.join('/') }))
  const registry = `${instance}/registry`
  const known = new Set([registry, ...folders.map(({ origin }) => origin)])
  const others = [...readHeads(files, folder).keys()].filter((origin) => !known.has(origin))
  return [...folders, ...others.map((origin) => ({ origin, where: 'the list of checkpoints' }))]
}
