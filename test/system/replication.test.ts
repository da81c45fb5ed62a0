/** A whole gateway on a real Kafka. */
import { beforeAll, expect } from '@jest/globals'
import {
  checkpointsFolder,
  readCheckpoints,
} from '../../adapters/checkpoints-folder/checkpoints-folder.ts'
import { isHere, testNeeding } from '../house/needs.ts'
import { sharedKafka, type TestKafka } from '../harness/kafka-broker.ts'
import { leavesOf, ledgerOn, sectionFor, storedOn } from '../harness/replication.ts'
import { startSystem } from '../harness/system.ts'

const promise = testNeeding('kafka')
let kafka: TestKafka
let prefix: string

beforeAll(async () => {
  if (!isHere('kafka')) return
  kafka = await sharedKafka()
  prefix = await ledgerOn(kafka)
}, 90_000)

promise(
  'everything that is recorded stands in Kafka before its reply leaves, and at the end all of it',
  async () => {
    await using system = await startSystem({
      config: () => ({ replication: sectionFor(kafka, prefix) }),
    })
    const { ledger, registry } = system.gateway.core
    const asked = await system.run('S3')
    expect(asked.status).toBe(200)
    const inKafka = leavesOf(await storedOn(kafka, prefix, 'exchange'), ledger.origin)
    expect(inKafka).toBe(ledger.head().size)
    expect(leavesOf(await storedOn(kafka, prefix, 'registry'), registry.origin)).toBe(
      registry.head().size,
    )
    await system.stop()
    expect(leavesOf(await storedOn(kafka, prefix, 'exchange'), ledger.origin)).toBe(inKafka + 1)
    await system.start()
    expect((await system.run('S3')).status).toBe(200)
    expect(system.reports).toEqual([])
    await system.stop()
    const store = [...readCheckpoints(checkpointsFolder(system.data))]
    const notes = (await storedOn(kafka, prefix, 'checkpoints')).map(({ value }) => String(value))
    expect(notes).toEqual(store.map(({ note }) => note))
    expect(notes.length).toBeGreaterThan(3)
  },
)
