/**
 * What a witness remembers, in a folder of its own:
 *
 *     chains/<SHA-256 of the chain's name>/   every note that it cosigned, one line each
 *     geneses/  complaints/                   one line each
 *     contradictions/<name>.txt               what convicts an operator: never changed, never removed
 *
 * Nothing is ever rewritten, so nothing that was answered can be un-remembered by a crash. One process at a time: the caller holds
 * the folder's lock.
 */
import { hash } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { parseCheckpoint, parseNote } from '../../gateway/ledger/note.ts'
import type { CheckpointStore } from '../../gateway/ports/checkpoint-store.ts'
import type {
  KeptComplaint,
  KnownGenesis,
  WitnessMemory,
} from '../../gateway/ports/witness-memory.ts'
import { checkpointOf, openCheckpointsFolder } from './checkpoints-folder.ts'
import { LineLog, LinesDamaged, findLast, makeDurableFolder, syncFolder } from './line-log.ts'

export interface WitnessFolder extends WitnessMemory {
  close(): Promise<void>
}

/** Throws `LinesDamaged` where a file is missing or a last line was changed: it must not go on with a shorter memory. */
export async function openWitnessFolder(folder: string): Promise<WitnessFolder> {
  const geneses = await openRecords<KnownGenesis>(path.join(folder, 'geneses'))
  const complaints = await openRecords<ComplaintEvent>(path.join(folder, 'complaints'))
  const chains = await openChains(path.join(folder, 'chains'))
  const contradictions = path.join(folder, 'contradictions')
  await makeDurableFolder(contradictions)
  return new Folder({ geneses, complaints, chains, contradictions })
}

type ComplaintEvent =
  | { readonly filed: Omit<KeptComplaint, 'settled'> }
  | { readonly number: number; readonly settled: NonNullable<KeptComplaint['settled']> }

interface FolderParts {
  readonly geneses: Records<KnownGenesis>
  readonly complaints: Records<ComplaintEvent>
  readonly chains: ChainsFolder
  /** Path. */
  readonly contradictions: string
}

class Folder implements WitnessFolder {
  readonly geneses: KnownGenesis[]
  readonly complaints: KeptComplaint[] = []
  readonly #parts: FolderParts
  readonly #contradictions: string[]

  constructor(parts: FolderParts) {
    this.#parts = parts
    this.geneses = [...parts.geneses.found]
    for (const event of parts.complaints.found) this.#apply(event)
    this.#contradictions = fs
      .readdirSync(parts.contradictions)
      .flatMap((name) => (name.endsWith('.txt') ? [name.slice(0, -4)] : []))
  }

  async newest(chain: string): Promise<string | undefined> {
    return this.#parts.chains.newest(chain)
  }

  async ofSize(chain: string, size: number): Promise<string | undefined> {
    return this.#parts.chains.ofSize(chain, size)
  }

  remember(chain: string, note: string): Promise<void> {
    return this.#parts.chains.remember(chain, note)
  }

  chains(): readonly string[] {
    return this.#parts.chains.names()
  }

  contradictions(): readonly string[] {
    return this.#contradictions
  }

  async keepContradiction(name: string, text: string): Promise<void> {
    const { contradictions } = this.#parts
    const draft = path.join(contradictions, `${name}.draft`)
    const handle = await fs.promises.open(draft, 'w', 0o644)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await fs.promises.rename(draft, path.join(contradictions, `${name}.txt`))
    await syncFolder(contradictions)
    if (!this.#contradictions.includes(name)) this.#contradictions.push(name)
  }

  async learnGenesis(genesis: KnownGenesis): Promise<void> {
    await this.#parts.geneses.append(genesis)
    this.geneses.push(genesis)
  }

  async fileComplaint(filed: Omit<KeptComplaint, 'settled'>): Promise<number> {
    await this.#parts.complaints.append({ filed })
    return this.#apply({ filed })
  }

  async settleComplaint(
    number: number,
    settled: NonNullable<KeptComplaint['settled']>,
  ): Promise<void> {
    await this.#parts.complaints.append({ number, settled })
    this.#apply({ number, settled })
  }

  async close(): Promise<void> {
    const { chains, complaints, geneses } = this.#parts
    await Promise.all([chains.close(), complaints.close(), geneses.close()])
  }

  /** Events stand in the order in which they were made durable, and are applied in it. */
  #apply(event: ComplaintEvent): number {
    if ('filed' in event) return this.complaints.push(event.filed)
    const complaint = this.complaints[event.number - 1]
    if (complaint === undefined) throw new LinesDamaged('a complaint is missing')
    this.complaints[event.number - 1] = { ...complaint, settled: event.settled }
    return event.number
  }
}

interface Records<T> {
  readonly found: readonly T[]
  append(value: T): Promise<number>
  close(): Promise<void>
}

async function openRecords<T>(folder: string): Promise<Records<T>> {
  const log = await LineLog.open(folder, isJson)
  return {
    found: [...log.read()].map((line) => JSON.parse(line) as T),
    append: (value) => log.append(JSON.stringify(value)),
    close: () => log.close(),
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

interface ChainsFolder {
  names(): readonly string[]
  newest(chain: string): string | undefined
  ofSize(chain: string, size: number): string | undefined
  remember(chain: string, note: string): Promise<void>
  close(): Promise<void>
}

interface OpenedChain {
  readonly folder: string
  readonly store: CheckpointStore
  newest: string | undefined
}

async function openChains(parent: string): Promise<ChainsFolder> {
  await makeDurableFolder(parent)
  const open = new Map<string, OpenedChain>()
  for (const name of fs.readdirSync(parent)) {
    const folder = path.join(parent, name)
    const store = await openCheckpointsFolder(folder)
    // A crash may have left it without its first line.
    const [newest] = store.length === 0 ? [] : store.read(store.length - 1)
    if (newest !== undefined) open.set(newest.origin, { folder, store, newest: newest.note })
    else await store.close()
  }
  // Known before its first note is written: if that fails, its outcome is unknown, and the chain takes no other.
  const openNew = async (chain: string): Promise<OpenedChain> => {
    const folder = path.join(parent, hash('sha256', chain))
    const opened = { folder, store: await openCheckpointsFolder(folder), newest: undefined }
    open.set(chain, opened)
    return opened
  }
  return {
    names: () => [...open].flatMap(([name, { newest }]) => (newest === undefined ? [] : [name])),
    newest: (chain) => open.get(chain)?.newest,
    ofSize(chain, size) {
      const folder = open.get(chain)?.folder
      if (folder === undefined) return undefined
      const line = findLast(folder, (each) => (checkpointOf(each)?.size ?? Infinity) <= size)
      const found = line === undefined ? undefined : checkpointOf(line)
      return found?.size === size ? found.note : undefined
    },
    async remember(chain, note) {
      const opened = open.get(chain) ?? (await openNew(chain))
      await opened.store.publish({ ...headOf(note), note })
      opened.newest = note
    },
    async close() {
      await Promise.all([...open.values()].map(({ store }) => store.close()))
    },
  }
}

function headOf(note: string): { readonly origin: string; readonly size: number } {
  const checkpoint = parseCheckpoint(parseNote(note)?.text ?? '')
  if (checkpoint === undefined) throw new RangeError('not a checkpoint')
  return { origin: checkpoint.origin, size: checkpoint.size }
}
