/** A whole gateway on a real Kafka. */
import { beforeAll, expect } from '@jest/globals'
import {
  checkpointsFolder,
  readCheckpoints,
} from '../../adapters/checkpoints-folder/checkpoints-folder.ts'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { kafkaTransport } from '../../adapters/ledger-kafka/kafka-transport.ts'
import { foldersOf } from '../../deploy/config.ts'
import { logKey } from '../../deploy/log-keys.ts'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { leafHashOf } from '../../gateway/ledger/hash.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import { isHere, testNeeding } from '../house/needs.ts'
import {
  connectionOf,
  deleteRecords,
  sharedKafka,
  type TestKafka,
} from '../harness/kafka-broker.ts'
import { leavesOf, ledgerOn, sectionFor, storedOn } from '../harness/replication.ts'
import { startSystem } from '../harness/system.ts'
import { until } from '../harness/until.ts'
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

promise(
  'published checkpoints are read back: deleted ones are told, all that were ever made are ours, and one over another history stops us',
  async () => {
    const own = await ledgerOn(kafka)
    const replication = sectionFor(kafka, own)
    await using system = await startSystem({ config: () => ({ replication }) })
    const alarms = (): readonly string[] => [
      ...(system.gateway.core.replication?.alarms ?? ['replication is off']),
    ]
    const kept = (): string[] =>
      [...readCheckpoints(checkpointsFolder(system.data))].map(({ note }) => note)
    const inKafka = async (): Promise<string[]> =>
      (await storedOn(kafka, own, 'checkpoints')).map(({ value }) => String(value))
    for (let round = 0; round < 2; round += 1) {
      expect((await system.run('S3')).status).toBe(200)
      await system.stop()
      await system.start()
    }
    expect(alarms()).toEqual([])
    await deleteRecords(kafka, `${own}.checkpoints`, { partition: 0, offset: '2' })
    await until(() => alarms().includes('truncated'), 'it is told')
    await system.stop()
    const before = kept()
    // Whoever knows nothing of before judges each by the journal, and puts there what is gone.
    rmSync(join(system.data, 'ledger/replication.json'))
    await system.start()
    await until(async () => (await inKafka()).join('').includes(before[0] ?? '-'), 'it is there')
    expect(alarms()).toEqual(['truncated'])
    expect((await system.run('S3')).status).toBe(200)

    const { origin } = system.gateway.core.ledger
    const key = logKey(`${foldersOf(system.data).keys}/gateway-log.key`, false)
    const forged = checkpointWriter(origin, ed25519Signer(key))(1, leafHashOf('nobody’s'))
    const writer = connectionOf(kafka, 'gateway')
    const plan = { prefix: own, partitions: 1, copies: 1, writer, reader: writer }
    const sender = await kafkaTransport(plan).openSender()
    const value = Buffer.from(forged)
    await sender.send({ topic: 'checkpoints', partition: 0 }, [{ key: origin, value }])
    await sender.close()
    await until(() => alarms().includes('diverged'), 'it is found')
    expect((await system.run('S3')).status).toBe(503)
    const [proof = ''] = readdirSync(join(system.data, 'ledger/proofs'))
    expect(readFileSync(join(system.data, 'ledger/proofs', proof), 'utf8')).toContain(
      JSON.stringify(forged),
    )
  },
  90_000,
)
