/** Who took records away is checked wherever the registry is read from, not in the folder alone. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { journalSource } from '../../adapters/ledger-journal/chain-source.ts'
import { exportLedger } from '../../adapters/ledger-tiles/export-ledger.ts'
import { verifyLedger } from '../../deploy/verify-ledger.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { FaultBroker } from '../harness/fault-broker/fault-broker.ts'
import {
  brokerWithTopics,
  PREFIX,
  replicationOf,
  transportTo,
} from '../harness/replicated-ledger.ts'
import {
  exchangeOrigin,
  KEYS,
  openOn,
  put,
  REGISTRY,
  smallLedger,
  THEN,
} from '../harness/small-ledger.ts'
import { until } from '../harness/until.ts'

const data = mkdtempSync(join(tmpdir(), 'gongdao-orders-'))
const [tiles, kafka] = [join(data, 'export'), join(data, 'kafka.json')]
let broker: FaultBroker

beforeAll(async () => {
  await smallLedger(data)
  const { chain: registry } = await openOn(data, REGISTRY)
  const officers = ['AUDIT-1', 'DPO-1']
  const taken = { archive: 'A'.repeat(43), at: THEN, chain: exchangeOrigin(1), officers }
  await put(registry, 'pruned', { ...taken, size: 1, v: 1 })
  await registry.close()
  const source = journalSource({ data, instance: 'T' })
  await exportLedger({ source, keys: parsePinnedKeys(KEYS), to: tiles })
  broker = await brokerWithTopics()
  const carried = await replicationOf(data, { transport: transportTo(broker.address) })
  await until(() => !carried.replication.isBehind, 'all is on Kafka')
  await carried.close()
  const brokers = [broker.address]
  writeFileSync(kafka, JSON.stringify({ replication: { brokers, prefix: PREFIX, reader: {} } }))
})

afterAll(async () => {
  await broker.stop()
  rmSync(data, { recursive: true })
})

test.each([
  ['the folder', {}],
  ['an export', { tiles }],
  ['Kafka', { kafka }],
])('records that no two officers ordered away, from %s', async (_, from) => {
  const options = { data, keys: KEYS, now: THEN, threads: 1, ...from }
  const { counts, findings } = await verifyLedger(options)
  const orders = findings.filter(({ kind }) => kind === 'order-wrong')
  expect([counts.chains, orders.map(({ first }) => first)]).toEqual([3, [4]])
})
