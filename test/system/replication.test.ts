/** A whole gateway on a real Kafka. */
import { beforeAll, expect } from '@jest/globals'
import {
  checkpointsFolder,
  readCheckpoints,
} from '../../adapters/checkpoints-folder/checkpoints-folder.ts'
import { setTimeout as pause } from 'node:timers/promises'
import { isHere, testNeeding } from '../house/needs.ts'
import { sharedKafka, type TestKafka } from '../harness/kafka-broker.ts'
import { leavesOf, ledgerOn, sectionFor, storedOn } from '../harness/replication.ts'
import { startSystem } from '../harness/system.ts'
import { crashingSystem, load, process as gatewayProcess, recoverAndJudge } from './crashing.ts'
import { missingInKafka, verifiedInKafka } from './replicated-crashing.ts'

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

promise(
  'a gateway that is killed under load has answered for nothing that Kafka lacks, and its successor sends the rest',
  async () => {
    const own = await ledgerOn(kafka)
    const section = sectionFor(kafka, own)
    await using system = await crashingSystem(section)
    const gateway = await gatewayProcess(system, undefined, section)
    const killed = pause(2500).then(() => {
      gateway.kill('SIGKILL')
    })
    const replies = await load(system, gateway, 4)
    await killed
    await gateway.ended
    expect(gateway.stderr()).toBe('')
    expect(replies.length).toBeGreaterThan(2)
    expect(await missingInKafka(kafka, own, replies)).toEqual([])
    expect(await recoverAndJudge(system, replies)).toEqual([])
    expect(await verifiedInKafka(system, kafka, section)).toEqual([])
  },
  60_000,
)
