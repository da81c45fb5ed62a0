/** One exchange chain with the real journal, carried by the real adapter to a broker that does what a test tells it to. */
import { afterEach, beforeEach } from '@jest/globals'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Disk } from '../../adapters/ledger-journal/disk.ts'
import { kafkaTransport } from '../../adapters/ledger-kafka/kafka-transport.ts'
import { ledgerTopicSettings, ledgerTopics } from '../../adapters/ledger-kafka/topics.ts'
import type { GatewayConfig } from '../../deploy/config.ts'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'
import { openReplication, type OpenedReplication } from '../../deploy/open-replication.ts'
import type { Chain, Recorded } from '../../gateway/ledger/entry.ts'
import type { LogTransport } from '../../gateway/ports/log-transport.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { FaultBroker } from './fault-broker/fault-broker.ts'
import { decisionEntry } from './records.ts'
import { GATEWAY, THEN, exchangeOrigin, gateway, openOn, registrar } from './small-ledger.ts'

export const PREFIX = 'test'
export const EXCHANGE = `${PREFIX}.exchange`

export async function brokerWithTopics(): Promise<FaultBroker> {
  const broker = await FaultBroker.start()
  for (const { name } of ledgerTopics(PREFIX)) {
    broker.createTopic(name, { settings: ledgerTopicSettings(1) })
  }
  return broker
}

/** One for each test of a file, stopped behind it. */
export function brokerOfEachTest(): () => FaultBroker {
  let broker: FaultBroker | undefined
  beforeEach(async () => {
    broker = await brokerWithTopics()
  })
  afterEach(() => broker?.stop())
  return () => {
    if (broker === undefined) throw new Error('it is there within a test')
    return broker
  }
}

/** Short times: a request that is lost is given up after 300 ms. */
export function transportTo(address: string): LogTransport {
  const connection = { brokers: [address], clientId: 'test' }
  return kafkaTransport({
    prefix: PREFIX,
    partitions: 1,
    copies: 1,
    writer: connection,
    reader: connection,
    times: { connectMs: 500, requestMs: 300 },
  })
}

export interface LedgerOptions {
  readonly transport: LogTransport
  readonly settings?: Partial<ReplicationConfig>
  /** Absent: a new folder. */
  readonly data?: string
  /** Number of the chain of this process. */
  readonly n?: number
}

export interface ReplicatedLedger extends AsyncDisposable {
  readonly data: string
  readonly origin: string
  readonly reports: string[]
  readonly opened: OpenedReplication
  /** What exchanges append to. */
  readonly chain: Chain
  /** An intent of this number. */
  put(number: number): Promise<Recorded>
  /** Copies the folder as it is now. */
  clone(): string
  /** As kill -9 leaves it: nothing is waited for, nothing is sent. */
  crash(): Promise<void>
  /** As a stop leaves it: all is sent, the folder stays. */
  end(): Promise<void>
}

/** Without a chain of its own: what the folder holds is compared, and sent. */
export async function replicationOf(
  data: string,
  { disk, settings, transport }: LedgerOptions & { readonly disk?: Disk },
  reports: string[] = [],
): Promise<OpenedReplication> {
  const config = {
    data,
    instance: 'T',
    gateway: GatewayId.parse(GATEWAY),
    replication: settingsWith(settings ?? {}),
  } as GatewayConfig
  const opened = await openReplication(config, {
    report: (sentence) => reports.push(sentence),
    signers: { registrar, gateway },
    logTransport: transport,
    ...(disk && { disk }),
  })
  if (opened === undefined) throw new Error('there is a section')
  return opened
}

export async function replicatedLedger(options: LedgerOptions): Promise<ReplicatedLedger> {
  const { n = 1 } = options
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'gongdao-replicated-'))
  const reports: string[] = []
  const opened = await patiently(() => replicationOf(data, options, reports))
  const origin = exchangeOrigin(n)
  const inner = (await openOn(data, origin, { onDurable: opened.follow(origin, 0) })).chain
  const chain = opened.guard(inner)
  const end = async (): Promise<void> => {
    await inner.close()
    await opened.close()
  }
  return {
    data,
    origin,
    reports,
    opened,
    chain,
    put: (number) => chain.append(decisionEntry(number, THEN + number, 'permit')),
    clone: () => {
      const copy = mkdtempSync(join(tmpdir(), 'gongdao-clone-'))
      cpSync(data, copy, { recursive: true })
      return copy
    },
    async crash() {
      await opened.stop()
      await inner.close()
    },
    end,
    async [Symbol.asyncDispose]() {
      await end()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

function settingsWith(changes: Partial<ReplicationConfig>): ReplicationConfig {
  return {
    durability: 'replicated',
    brokers: ['127.0.0.1:1'],
    prefix: PREFIX,
    partitions: 1,
    copies: 1,
    writer: {},
    reader: {},
    backlog: { records: 1000, bytes: 10_000_000 },
    readBackMs: 1000,
    ...changes,
  }
}

/** The tests' deadlines are short, and a busy machine may miss one at the start: as a supervisor, start again. */
async function patiently<Opened>(open: () => Promise<Opened>): Promise<Opened> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open()
    } catch (fault) {
      const isSlow = fault instanceof Error && fault.message.includes('do not answer')
      if (!isSlow || attempt === 5) throw fault
    }
  }
}
