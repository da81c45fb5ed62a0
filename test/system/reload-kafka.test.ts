/** SIGHUP reads what proves to Kafka who a gateway is as well: a certificate that is renewed there needs no restart. */
import { afterAll, beforeAll, expect } from '@jest/globals'
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { layoutOf } from '../../adapters/certs-folder/layout.ts'
import { issueCertificate, LOCAL_HOSTS } from '../../certs/authority.ts'
import { generateEcKey } from '../../certs/keys.ts'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'
import { renewableKafkaOf } from '../../deploy/kafka-of.ts'
import type { KafkaRole } from '../../deploy/services/kafka/access.ts'
import { NO_TELEMETRY, type Gauges } from '../../gateway/ports/telemetry.ts'
import { Instant, SubsystemId } from '../../policies/vocabulary.ts'
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
const DAY_MS = 86_400_000
let kafka: TestKafka

beforeAll(async () => {
  if (isHere('kafka')) kafka = await sharedKafka()
}, 90_000)

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function inYears(years: number): Instant {
  return Instant.ofMilliseconds(NOW + years * 365 * DAY_MS)
}

function write(role: KafkaRole): void {
  const files = kafka.access.files(role)
  copyFileSync(files.cert, certificate)
  copyFileSync(files.key, key)
}

/** The writer's certificate, of the same name and authority as ever, but for a few days only. */
async function writeShortLived(days: number): Promise<void> {
  const { issuingCertificate, issuingKey } = layoutOf(join(kafka.access.folder, 'certs'))
  const read = (file: string): string => readFileSync(file, 'utf8')
  const own = generateEcKey()
  const order = {
    identity: { kind: 'subsystem', id: SubsystemId.of('TW', 'GOV', 'GONGDAO', 'gateway') },
    publicKey: createPublicKey(own),
    organization: '示範機關',
    hosts: LOCAL_HOSTS,
    notBefore: Instant.ofMilliseconds(NOW - DAY_MS),
    notAfter: Instant.ofMilliseconds(NOW + days * DAY_MS),
  } as const
  const issuing = { certificate: read(issuingCertificate), key: read(issuingKey) }
  writeFileSync(certificate, await issueCertificate(issuing, order, randomBytes))
  writeFileSync(key, own)
}

function endIn(file: string): number {
  return new X509Certificate(readFileSync(file)).validToDate.getTime()
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
    // Nor does one that is shown with it, and lasts longer, make up for it.
    appendFileSync(certificate, readFileSync(kafka.access.files('gateway').ca))
    expect(() => readAgain(inYears(2))).toThrow(/writer\.crt: .*has run out/)
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

promise('when each certificate ends is known, of those in force and no others', async () => {
  const { ends, readAgain } = renewableKafkaOf(await section(), 'a test')
  const { cert } = kafka.access.files('gateway')
  // The root, which stands first in the file of the authorities, outlives the issuing one below it.
  const root = endIn(ca)
  const known = [
    { certificate: 'writer', at: endIn(cert) },
    { certificate: 'writer-authorities', at: root },
    { certificate: 'reader', at: endIn(kafka.access.files('read-back').cert) },
    { certificate: 'reader-authorities', at: root },
  ]
  expect(ends(NOW)).toEqual(known)
  await writeShortLived(5)
  const putInForce = readAgain(NOW)
  expect(ends(NOW)).toEqual(known)
  putInForce()
  expect(ends(NOW)).toEqual([{ certificate: 'writer', at: endIn(certificate) }, ...known.slice(1)])
  expect(endIn(certificate)).toBeLessThan(NOW + 6 * DAY_MS)
})

promise(
  'one that ends soon is told with what to do, and no longer once SIGHUP has read its successor',
  async () => {
    const replication = await section()
    await writeShortLived(5)
    let gauges: Gauges = () => []
    const watch = (theirs: Gauges): void => {
      gauges = theirs
    }
    await using system = await startSystem({
      config: () => ({ replication }),
      observer: () => ({ telemetry: NO_TELEMETRY, watch }),
    })
    const told = (): unknown =>
      system.gateway.health.health.report().checks.find(({ name }) => name === 'Kafka certificates')
    const daysLeft = (): number[] =>
      gauges()
        .filter((gauge) => 'certificate' in gauge && gauge.certificate === 'writer')
        .map(({ value }) => Math.floor(value / 86_400))
    expect(told()).toMatchObject({
      state: 'degraded',
      words: 'the certificate of replication.writer ends in 4 d',
      whatToDo: expect.stringContaining('send SIGHUP'),
    })
    expect(daysLeft()).toEqual([4])
    expect((await system.run('S3')).status).toBe(200)
    system.clockAheadMs = 6 * DAY_MS
    expect(told()).toMatchObject({ state: 'degraded', words: expect.stringContaining('ended') })
    expect(daysLeft()).toEqual([-2])
    write('gateway')
    expect(await system.gateway.reload()).toMatchObject({ kind: 'reloaded' })
    expect(told()).toMatchObject({ state: 'ok' })
    expect(daysLeft()[0]).toBeGreaterThan(300)
    expect((await system.run('S3')).status).toBe(200)
  },
  90_000,
)
