/** What a department notices when the log servers are away, and when they are back. */
import { expect, test } from '@jest/globals'
import { intentsOf, outcomesOf } from '../harness/audit.ts'
import { PREFIX, brokerOfEachTest } from '../harness/replicated-ledger.ts'
import { headerOf, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'
import { readLedger, type LedgerLeaf } from '../../deploy/read-ledger.ts'

const broker = brokerOfEachTest()

test('where replies wait for them: 503 and Retry-After, nobody is asked, the intent ends as not sent; then it goes on', async () => {
  await using system = await startSystem({ config: () => ({ replication: section('replicated') }) })
  const { enrolment } = system.departments
  expect((await system.run('S3')).status).toBe(200)
  const asked = enrolment.received.length
  await broker().stop()
  const refused = await system.run('S3')
  expect([refused.status, headerOf(refused, 'retry-after')]).toEqual([503, '5'])
  expect(headerOf(refused, 'x-road-error')).toBe('Server.Ledger.Unavailable')
  expect(enrolment.received).toHaveLength(asked)
  await broker().start()
  await until(() => system.gateway.core.ledger.accepts(), 'it accepts again')
  expect((await system.run('S3')).status).toBe(200)
  await system.stop()
  const leaves = leavesIn(system)
  expect(intentsOf(leaves)).toHaveLength(3)
  expect(outcomesOf(leaves).map(({ outcome }) => outcome)).toEqual([
    'released',
    'not-sent',
    'released',
  ])
})

test('where they do not, exchanges go on until the backlog is full', async () => {
  await using system = await startSystem({ config: () => ({ replication: section('journal') }) })
  await broker().stop()
  const statuses: number[] = []
  while (statuses.at(-1) !== 503 && statuses.length < 60) {
    statuses.push((await system.run('S3')).status)
  }
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(5)
  expect(statuses.at(-1)).toBe(503)
  await broker().start()
  await until(() => system.gateway.core.ledger.accepts(), 'it accepts again')
  expect((await system.run('S3')).status).toBe(200)
})

function section(durability: ReplicationConfig['durability']): ReplicationConfig {
  return {
    durability,
    brokers: [broker().address],
    prefix: PREFIX,
    partitions: 1,
    copies: 1,
    writer: {},
    reader: {},
    // The first start alone brings two dozen leaves of the registry.
    backlog: { records: 40, bytes: 10_000_000, ms: durability === 'replicated' ? 1000 : 60_000 },
    readBackMs: 60_000,
  }
}

function leavesIn({ data }: System): readonly LedgerLeaf[] {
  const leaves: LedgerLeaf[] = []
  readLedger(data).exchangeLeaves((leaf) => leaves.push(leaf))
  return leaves
}
