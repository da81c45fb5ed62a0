/** Where `gongdao verify` reads from: a data folder, an export, or Kafka. */
import { existsSync, readFileSync } from 'node:fs'
import {
  checkpointsFolder,
  readCheckpoints,
} from '../adapters/checkpoints-folder/checkpoints-folder.ts'
import { LinesDamaged } from '../adapters/checkpoints-folder/line-log.ts'
import { journalSource } from '../adapters/ledger-journal/chain-source.ts'
import { tilesSource } from '../adapters/ledger-tiles/chain-source.ts'
import type { PublishedNotes } from '../gateway/console/evidence.ts'
import type { PinnedKeys } from '../gateway/ledger/pinned-keys.ts'
import type { ChainSource } from '../gateway/ports/chain-source.ts'
import type { LogTransport } from '../gateway/ports/log-transport.ts'
import { laneSource } from '../gateway/replication/lane-source.ts'
import { publishedOn } from '../gateway/replication/published-on.ts'
import { replication } from './config/replication.ts'
import { kafkaOf } from './kafka-of.ts'

export interface Whence {
  readonly data: string
  readonly tiles?: string
  readonly kafka?: string
}

export interface OpenedSource {
  readonly source: ChainSource
  /** Notes of the checkpoints that were published, where they are at hand. */
  readonly published: PublishedNotes
}

export async function openSource(
  { data, kafka, tiles }: Whence,
  keys: PinnedKeys,
): Promise<OpenedSource> {
  const instance = keys.registry?.name.split('/')[0] ?? ''
  if (tiles !== undefined)
    return { source: tilesSource({ folder: tiles, instance }), published: [] }
  if (kafka !== undefined) {
    const log = kafkaIn(kafka)
    return { source: laneSource(log), published: await publishedOn(log) }
  }
  const published = { [Symbol.iterator]: () => publishedIn(data), at: publishedAt(data) }
  return { source: journalSource({ data, instance }), published }
}

/** Read with the right to read and no other: an auditor has none to write. */
function kafkaIn(file: string): LogTransport {
  const { replication: section } = JSON.parse(readFileSync(file, 'utf8')) as {
    replication?: object
  }
  const settings = replication.parse({ durability: 'journal', writer: {}, ...section })
  return kafkaOf({ ...settings, writer: settings.reader }, 'gongdao verify')
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
