/** SIGHUP reads what proves to Kafka who a gateway is as well: a certificate that is renewed there needs no restart. */
import { afterAll, beforeAll, expect } from '@jest/globals'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'
import { renewableKafkaOf } from '../../deploy/kafka-of.ts'
import type { KafkaRole } from '../../deploy/services/kafka/access.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { scramConnectionOf, sharedKafka, type TestKafka } from '../harness/kafka-broker.ts'
import { ledgerOn, sectionFor } from '../harness/replication.ts'
import { startSystem } from '../harness/system.ts'
import { isHere, testNeeding } from '../house/needs.ts'

const promise = testNeeding('kafka')
const folder = mkdtempSync(join(tmpdir(), 'gongdao-reload-kafka-'))
const certificate = join(folder, 'writer.crt')
const key = join(folder, 'writer.key')
const ca = join(folder, 'writer-ca.crt')
const NOW = Instant.ofMilliseconds(Date.now())
let kafka: TestKafka

beforeAll(async () => {
  if (isHere('kafka')) kafka = await sharedKafka()
}, 90_000)

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function inYears(years: number): Instant {
  return Instant.ofMilliseconds(NOW + years * 365 * 86_400_000)
}

function write(role: KafkaRole): void {
  const files = kafka.access.files(role)
  copyFileSync(files.cert, certificate)
  copyFileSync(files.key, key)
}

async function section(): Promise<ReplicationConfig> {
  write('gateway')
  const whole = sectionFor(kafka, await ledgerOn(kafka))
  copyFileSync(kafka.access.files('gateway').ca, ca)
  return { ...whole, writer: { ca, certificate, key } }
}

promise('connections that come from then on show what was read again, and no earlier', async () => {
  const { readAgain, transport } = renewableKafkaOf(await section(), 'a test')
  expect(await transport.check()).toEqual([])
  write('auditor')
  expect(await transport.check()).toEqual([])
  const putInForce = readAgain(NOW)
  expect(await transport.check()).toEqual([])
  putInForce()
  expect((await transport.check())[0]).toMatch(/the writing principal/)
  write('gateway')
  readAgain(NOW)()
  expect(await transport.check()).toEqual([])
})

promise(
  'what has run out, what is another’s key, and authorities that are none, are refused',
  async () => {
    const { readAgain } = renewableKafkaOf(await section(), 'a test')
    // The writer's is for one year, its authorities are for ten and twenty.
    expect(() => readAgain(inYears(2))).toThrow(/writer\.crt: .*has run out/)
    expect(() => readAgain(inYears(15))).toThrow(/writer\.crt: .*has run out/)
    expect(() => readAgain(inYears(100))).toThrow(
      /writer-ca\.crt: .*no authority in it is in force/,
    )
    expect(() => readAgain(inYears(-1))).toThrow(/no authority in it is in force/)
    copyFileSync(kafka.access.files('auditor').key, key)
    expect(() => readAgain(NOW)).toThrow(/writer\.crt: what proves to Kafka who this is/)
    rmSync(key)
    expect(() => readAgain(NOW)).toThrow(/ENOENT.*writer\.key/)
    write('gateway')
    writeFileSync(ca, '')
    expect(() => readAgain(NOW)).toThrow(/writer-ca\.crt: .*no authority in it is in force/)
  },
)

promise('a password is read again as well, and an empty one is refused', async () => {
  const passwordFile = join(folder, 'password')
  const { password, username } = kafka.access.scram('gateway')
  writeFileSync(passwordFile, `${password}\n`)
  const whole = await section()
  const { brokers } = scramConnectionOf(kafka, 'gateway')
  const writer = { brokers: [...brokers] as [string], ca, username, passwordFile }
  const { readAgain, transport } = renewableKafkaOf({ ...whole, writer }, 'a test')
  writeFileSync(passwordFile, '')
  expect(() => readAgain(NOW)).toThrow(/password: it is empty/)
  writeFileSync(passwordFile, 'another')
  readAgain(NOW)()
  expect((await transport.check())[0]).toMatch(/refuse the writing principal/)
  writeFileSync(passwordFile, password)
  readAgain(NOW)()
  expect(await transport.check()).toEqual([])
})

promise(
  'where it can’t be used the whole reload is refused, and exchanges go on',
  async () => {
    const replication = await section()
    await using system = await startSystem({ config: () => ({ replication }) })
    expect((await system.run('S3')).status).toBe(200)
    writeFileSync(certificate, 'nonsense')
    const refused = await system.gateway.reload()
    expect(refused).toMatchObject({ kind: 'refused' })
    expect(JSON.stringify(refused)).toContain(certificate)
    expect((await system.run('S3')).status).toBe(200)
    write('gateway')
    expect(await system.gateway.reload()).toEqual({ kind: 'reloaded', documentsChanged: false })
    expect((await system.run('S3')).status).toBe(200)
  },
  90_000,
)
