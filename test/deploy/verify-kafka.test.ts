/** What an auditor is told whose file, or whose Kafka, is not what it should be. */
import { afterAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ledgerTopics, ledgerTopicSettings } from '../../adapters/ledger-kafka/topics.ts'
import { openSource } from '../../deploy/open-source.ts'
import { freePorts } from '../../deploy/services/free-ports.ts'
import { verifyLedger } from '../../deploy/verify-ledger.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { FaultBroker } from '../harness/fault-broker/fault-broker.ts'
import { KEYS } from '../harness/small-ledger.ts'

const folder = mkdtempSync(join(tmpdir(), 'gongdao-auditor-'))

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function opened(text: string): ReturnType<typeof openSource> {
  const kafka = join(folder, 'kafka.json')
  writeFileSync(kafka, text)
  return openSource({ data: folder, kafka }, parsePinnedKeys(KEYS))
}

test.each([
  ['no JSON', /kafka\.json is not JSON\. It must hold \{"replication"/],
  ['null', /kafka\.json: replication\.brokers: /],
  ['{"replication": {"brokers": ["k1:9093"]}}', /kafka\.json: replication\.reader: /],
  ['{"replication": {"brokers": "k1:9093", "reader": {}}}', /replication\.brokers: /],
])('what is wrong with the file, and what it must hold: %s', async (text, told) => {
  await expect(opened(text)).rejects.toThrow(told)
})

test('which Kafka does not answer, and what to look at', async () => {
  const [port = 0] = await freePorts(1)
  const brokers = [`127.0.0.1:${String(port)}`]
  const opening = opened(JSON.stringify({ replication: { brokers, reader: {} } }))
  await expect(opening).rejects.toThrow(
    new RegExp(`^Kafka at ${String(brokers)} can not be read .* may READ gongdao\\.registry`),
  )
})

test.each(['registry', 'exchange', 'checkpoints'])(
  'that the topic %s has another number of partitions than the file says: what is not read could hold another story',
  async (altered) => {
    const broker = await FaultBroker.start()
    for (const { name } of ledgerTopics('test')) {
      const partitions = name === `test.${altered}` ? 2 : 1
      broker.createTopic(name, { settings: ledgerTopicSettings(1), partitions })
    }
    const kafka = join(folder, `${altered}.json`)
    const brokers = [broker.address]
    writeFileSync(kafka, JSON.stringify({ replication: { brokers, prefix: 'test', reader: {} } }))
    const verified = verifyLedger({ data: folder, kafka, keys: KEYS, now: Date.now(), threads: 1 })
    await expect(verified).rejects.toThrow(
      `topic test.${altered} has 2 partitions and the configuration says 1: write the real number`,
    )
    await broker.stop()
  },
)

test('and an export beside it: of two copies one is verified at a time, and neither is passed over in silence', async () => {
  const both = { data: folder, kafka: join(folder, 'nowhere.json'), tiles: folder }
  await expect(openSource(both, parsePinnedKeys(KEYS))).rejects.toThrow('--tiles or --kafka')
})
