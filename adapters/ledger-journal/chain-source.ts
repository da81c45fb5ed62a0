/** The journals of a data folder, read frame by frame for an auditor: nothing is repaired, everything is handed on or reported. */
import { hash } from 'node:crypto'
import * as path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Chunk } from '../../gateway/ledger/chunk.ts'
import type {
  ChainSource,
  FoundChain,
  HowToRead,
  KeptCut,
} from '../../gateway/ports/chain-source.ts'
import { nodeDisk } from './disk.ts'
import type { Disk } from './disk.ts'
import { chainFolder, exchangeFolders, originOfFolder } from './folders.ts'
import { JournalReading } from './read-frames.ts'
import type { JournalPlace } from './read-frames.ts'
import { cutsIn } from './recover.ts'

export interface JournalSourceOptions extends Pick<ChainSource, 'registryMayLag'> {
  readonly data: string
  /** First part of every chain's name. */
  readonly instance: string
  readonly disk?: Disk
  /** Resolves when what a gateway is writing now will have been written. */
  readonly settle?: () => Promise<void>
}

const PAUSE_MS = 30

export function journalSource(options: JournalSourceOptions): ChainSource {
  const { data, disk = nodeDisk, instance, settle = () => pause(PAUSE_MS) } = options
  return {
    registryMayLag: options.registryMayLag === true,
    chains: () =>
      Promise.resolve(
        exchangeFolders(data).map((folder): FoundChain => {
          const where = path.relative(data, folder)
          return { origin: originOfFolder(data, folder, instance), where }
        }),
      ),
    read: (origin, how) =>
      readJournal({ disk, folder: chainFolder(data, origin), origin, settle }, how),
    cuts: (origin) => Promise.resolve(keptCuts(disk, chainFolder(data, origin))),
  }
}

export async function* readJournal(place: JournalPlace, how: HowToRead): AsyncGenerator<Chunk> {
  const reading = new JournalReading(place, how)
  yield* reading.run()
}

function keptCuts(disk: Disk, folder: string): KeptCut[] {
  return cutsIn(disk, folder).map(({ bytes, file, hash: name }) => {
    const kept = disk.readLoosely(path.join(folder, file)) ?? Buffer.alloc(0)
    const isWhole = kept.length === bytes && hash('sha256', kept, 'base64url') === name
    return { hash: name, bytes, isWhole }
  })
}
