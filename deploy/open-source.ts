/** Where `gongdao verify` reads from: a data folder, an export, or Kafka. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  checkpointsFolder,
  readCheckpoints,
} from '../adapters/checkpoints-folder/checkpoints-folder.ts'
import { LinesDamaged } from '../adapters/checkpoints-folder/line-log.ts'
import { journalSource } from '../adapters/ledger-journal/chain-source.ts'
import { tilesSource } from '../adapters/ledger-tiles/chain-source.ts'
import { HEADS } from '../adapters/ledger-tiles/layout.ts'
import type { Evidence } from '../gateway/console/evidence.ts'
import type { PinnedKeys } from '../gateway/ledger/pinned-keys.ts'
import type { ChainSource } from '../gateway/ports/chain-source.ts'
import { LogUnavailable } from '../gateway/ports/log-transport.ts'
import { laneSource } from '../gateway/replication/lane-source.ts'
import { publishedOn } from '../gateway/replication/published-on.ts'
import { replication, type ReplicationConfig } from './config/replication.ts'
import { followsRegistry, holdsKeys } from './duties/own-gateway.ts'
import { kafkaOf } from './kafka-of.ts'

export interface Whence {
  readonly data: string
  readonly tiles?: string
  readonly kafka?: string
  /** How many published checkpoints were read; before a chain is. */
  readonly onPublished?: ((read: number) => void) | undefined
}

export interface OpenedSource {
  readonly source: ChainSource
  /** The checkpoints that were published, where they are at hand. */
  readonly published: Pick<Evidence, 'lists' | 'published'>
}

/** A gateway's first commit can be on Kafka a little before the registry's that opens its chain: two processes send them. */
const SETTLE_MS = 3000

export async function openSource(
  { data, kafka, onPublished, tiles }: Whence,
  keys: PinnedKeys,
): Promise<OpenedSource> {
  const instance = keys.registry?.name.split('/')[0] ?? ''
  if (tiles !== undefined && kafka !== undefined)
    throw new RangeError('--tiles or --kafka: one copy is verified at a time')
  if (tiles !== undefined) {
    assertExport(tiles)
    return { source: tilesSource({ folder: tiles, instance }), published: {} }
  }
  if (kafka !== undefined) {
    const settings = settingsIn(kafka)
    const log = kafkaOf(settings, 'gongdao verify')
    const { isWhole, lists } = await publishedOn(log, keys, onPublished).catch((fault: unknown) =>
      unread(fault, settings),
    )
    const source = laneSource(log, keys, () => pause(SETTLE_MS))
    return { source, published: { lists, published: isWhole ? [] : [undefined] } }
  }
  const published = { [Symbol.iterator]: () => publishedIn(data), at: publishedAt(data) }
  const registryMayLag = holdsKeys(data) && followsRegistry(data)
  return { source: journalSource({ data, instance, registryMayLag }), published: { published } }
}

/** Any part of one is enough: what is missing of an export is a finding, a wrong folder is none. */
function assertExport(folder: string): void {
  if ([HEADS, 'registry', 'exchange'].some((part) => existsSync(join(folder, part)))) return
  throw new RangeError(
    `${folder} holds no export: name the folder that gongdao export --to wrote, and look whether you may enter it`,
  )
}

/** Read with the right to read and no other: an auditor has none to write. */
function settingsIn(file: string): ReplicationConfig {
  const section = jsonIn(file)?.replication
  const read = replication.safeParse({ durability: 'journal', writer: {}, ...Object(section) })
  if (read.success) return { ...read.data, writer: read.data.reader }
  const [issue] = read.error.issues
  const place = ['replication', ...(issue?.path ?? [])].join('.')
  throw new RangeError(`${file}: ${place}: ${issue?.message ?? ''}. It must hold ${WHAT_IT_HOLDS}`)
}

const WHAT_IT_HOLDS =
  '{"replication": {"brokers": ["host:port"], "prefix": …, "partitions": …, "reader": {"ca": …, "certificate": …, "key": …}}}'

function jsonIn(file: string): { readonly replication?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { readonly replication?: unknown }
  } catch (fault) {
    const why = fault instanceof SyntaxError ? 'is not JSON' : 'can not be read'
    throw new RangeError(`${file} ${why}. It must hold ${WHAT_IT_HOLDS}`, { cause: fault })
  }
}

function unread(fault: unknown, { brokers, prefix }: ReplicationConfig): never {
  if (!(fault instanceof LogUnavailable)) throw fault
  throw new LogUnavailable(
    `Kafka at ${brokers.join(', ')} can not be read (${fault.message}). Look at the brokers and the network, and ` +
      `whether "reader" has its certificate or password and may READ ${prefix}.registry, .exchange and .checkpoints`,
  )
}

function* publishedIn(data: string): Generator<string | undefined> {
  const folder = checkpointsFolder(data)
  if (!existsSync(folder)) return
  try {
    for (const { note } of readCheckpoints(folder)) yield note
  } catch (fault) {
    if (!(fault instanceof LinesDamaged)) throw fault
    yield undefined
  }
}

function publishedAt(data: string): (position: number) => string | undefined {
  return (position) => {
    for (const { note } of readCheckpoints(checkpointsFolder(data), position)) return note
    return undefined
  }
}
