/** A registrar and another gateway on one real Kafka, restarted in turn, and the auditor who reads it there with a right to read and no other. */
import { afterAll, beforeAll, expect } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { freePorts } from '../../deploy/services/free-ports.ts'
import type { Counts } from '../../gateway/ledger/finding.ts'
import { laneOf } from '../../gateway/replication/lane-of.ts'
import { isHere, testNeeding } from '../house/needs.ts'
import { gongdao, type Ran } from '../harness/command.ts'
import { furtherGateway, type FurtherGateway } from '../harness/further-gateway.ts'
import { deleteRecords, sharedKafka, type TestKafka } from '../harness/kafka-broker.ts'
import { ledgerOn, sectionFor } from '../harness/replication.ts'
import { GATEWAY, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'

const promise = testNeeding('kafka')
const PARTITIONS = 3
const folder = mkdtempSync(join(tmpdir(), 'gongdao-auditor-'))
let kafka: TestKafka
let prefix: string

beforeAll(async () => {
  if (!isHere('kafka')) return
  kafka = await sharedKafka()
  prefix = await ledgerOn(kafka, PARTITIONS)
}, 90_000)

afterAll(() => {
  rmSync(folder, { recursive: true })
})

promise(
  'two gateways are restarted in turn under one registrar; gongdao verify finds every chain whole in Kafka, and what an operator deletes there',
  async () => {
    const [port = 0] = await freePorts(1)
    const replication = sectionFor(kafka, prefix, { partitions: PARTITIONS })
    const registrar = { listen: { host: '127.0.0.1', port } }
    await using system = await startSystem({ config: () => ({ registrar, replication }) })
    await using second = await furtherGateway(system, 2, { replication })
    await second.start()
    expect(await statuses(system, second)).toEqual([200, 200])
    await second.stop()
    expect((await system.run('S3')).status).toBe(200)
    await second.start()
    await system.stop()
    expect((await second.run('S1')).status).toBe(200)
    await system.start()
    expect(await statuses(system, second)).toEqual([200, 200])
    const { size } = system.gateway.core.registry.head()
    await until(() => second.running().core.registry.head().size === size, 'it follows again')
    await second.stop()
    await system.stop()
    expect([...system.reports, ...second.reports].filter(isOfKafka)).toEqual([])

    const verified = await auditor('verify', '--json')
    expect([verified.code, verified.error]).toEqual([0, ''])
    const { counts, verdict } = JSON.parse(verified.out) as Told
    expect(verdict).toBe('good')
    // The registry, and two incarnations of each.
    expect(counts).toMatchObject({ chains: 5, elsewhere: 0, intents: 6, outcomes: 6, open: 0 })
    expect(counts.leaves).toBe(
      leavesIn(system, 'TW/registry', ...chainsOf(GATEWAY)) +
        leavesIn(second, ...chainsOf(second.id)),
    )

    const { partition } = laneOf(`TW/exchange/${second.id}/1`, PARTITIONS)
    await deleteRecords(kafka, `${prefix}.exchange`, { partition, offset: '1' })
    const cut = await auditor('verify')
    expect(cut.code).toBe(1)
    // The two may share the partition: then it is the first of either.
    expect(cut.out).toMatch(/^TW\/exchange\/\S+\/gateway-[12]\/1 0 {2}index-wrong: /m)

    /** As the audit office has it: the keys of both, which it was handed by another way, and its own certificate. */
    async function auditor(...words: readonly string[]): Promise<Ran> {
      const { ca, cert, key } = kafka.access.files('auditor')
      const reader: ReplicationConfig['reader'] = { ca, certificate: cert, key }
      const { brokers, copies } = replication
      const section = { brokers, copies, partitions: PARTITIONS, prefix, reader }
      const [file, keys] = [join(folder, 'kafka.json'), join(folder, 'keys.txt')]
      writeFileSync(file, JSON.stringify({ replication: section }))
      writeFileSync(keys, keysOf(system, second))
      return gongdao(...words, '--kafka', file, '--keys', keys, '--threads', '1')
    }
  },
  60_000,
)

interface Told {
  readonly verdict: string
  readonly counts: Counts
}

async function statuses(...gateways: readonly (System | FurtherGateway)[]): Promise<number[]> {
  const asked = await Promise.all(gateways.map((gateway) => gateway.run('S3')))
  return asked.map(({ status }) => status)
}

function chainsOf(gateway: string): string[] {
  return [1, 2].map((n) => `TW/exchange/${gateway}/${String(n)}`)
}

function isOfKafka(report: string): boolean {
  return report.includes('log servers') || report.includes('exchange/')
}

function keysOf(...gateways: readonly { readonly data: string }[]): string {
  const files = gateways.map(({ data }) => readFileSync(join(data, 'ledger/keys.txt'), 'utf8'))
  return [...new Set(files.join('\n').split('\n'))].join('\n')
}

function leavesIn({ data }: { readonly data: string }, ...origins: readonly string[]): number {
  const sizes = origins.map((origin) =>
    new CommitReader({ folder: chainFolder(data, origin), origin }).size(),
  )
  return sizes.reduce((one, other) => one + other)
}
