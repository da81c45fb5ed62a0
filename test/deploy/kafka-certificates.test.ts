/** Until when the certificates for Kafka can be used, and what is told before they end. The clock is an argument. */
import { createPublicKey, randomBytes } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { generateEcKey } from '../../certs/keys.ts'
import { randomSerial, signCertificate } from '../../certs/sign-certificate.ts'
import type { GatewayConfig } from '../../deploy/config.ts'
import { addCoreChecks } from '../../deploy/health-checks.ts'
import { kafkaEnds, type KafkaEnds } from '../../deploy/kafka-certificates.ts'
import type { Core } from '../../deploy/open-core.ts'
import { Health, type HealthCheck } from '../../gateway/ports/health.ts'
import { Instant } from '../../policies/vocabulary.ts'

const NOW = Instant.parse('2026-11-22T08:00:00Z')
const DAY_MS = 86_400_000

function inDays(days: number): Instant {
  return Instant.ofMilliseconds(NOW + days * DAY_MS)
}

/** PEM, in force from one day to another, counted from now. */
function certificate(from: number, to: number, commonName = 'gateway-1'): Promise<string> {
  const selfKey = generateEcKey()
  return signCertificate(
    {
      subject: { organization: '示範機關', commonName },
      publicKey: createPublicKey(selfKey),
      notBefore: inDays(from),
      notAfter: inDays(to),
      serial: randomSerial(randomBytes),
      extensions: [],
    },
    { selfKey },
  )
}

test('of a principal’s, and of the last of its authorities that is in force, it is known when it ends', async () => {
  const [old, next] = [await certificate(-300, 65), await certificate(-1, 364)]
  const writer = { ca: [`${old}between them\n${next}`], cert: await certificate(-1, 30), key: '' }
  const reader = { ca: [old], cert: await certificate(-1, 40), key: '' }
  const ends = kafkaEnds(writer, reader)
  const known = [
    { certificate: 'writer', at: inDays(30) },
    { certificate: 'writer-authorities', at: inDays(364) },
    { certificate: 'reader', at: inDays(40) },
    { certificate: 'reader-authorities', at: inDays(65) },
  ]
  expect(ends(NOW)).toEqual(known)
  // What has ended is told as well, with when it did.
  expect(ends(inDays(400))).toEqual(known)
})

test('an authority counts from when it is in force, however late it ends', async () => {
  const ca = [await certificate(-300, 10), await certificate(5, 3650)]
  const ends = kafkaEnds({ ca }, undefined)
  expect(ends(NOW)).toEqual([{ certificate: 'writer-authorities', at: inDays(10) }])
  expect(ends(inDays(6))).toEqual([{ certificate: 'writer-authorities', at: inDays(3650) }])
})

test('of what is shown below a principal’s certificate the first to end counts', async () => {
  const [own, above] = [await certificate(-1, 300), await certificate(-1, 20)]
  const ends = kafkaEnds({ ca: [own], cert: own + above, key: '' }, undefined)
  expect(ends(NOW)[0]).toEqual({ certificate: 'writer', at: inDays(20) })
})

test('where nothing is in force yet, or nothing can be read, there is no end', async () => {
  const later = await certificate(1, 300)
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  const none = kafkaEnds({ ca: [later], cert: later, key: '' }, { ca: [''], cert: broken, key: '' })
  expect(none(NOW).map(({ at }) => at)).toEqual([undefined, undefined, undefined, undefined])
})

test('without TLS there is nothing that could end, by password only authorities', async () => {
  expect(kafkaEnds(undefined, undefined)(NOW)).toEqual([])
  const ca = [await certificate(-1, 300)]
  expect(kafkaEnds({ ca }, { ca })(NOW).map((one) => one.certificate)).toEqual([
    'writer-authorities',
    'reader-authorities',
  ])
})

function told(ends: KafkaEnds | undefined, now: Instant): HealthCheck | undefined {
  const core = { kafka: ends && { ends } } as unknown as Core
  const health = new Health({ now: () => now })
  addCoreChecks(health, {
    clock: { now: () => now },
    config: {} as GatewayConfig,
    core: {
      ...core,
      witnessing: { status: () => ({}) },
      anchors: () => undefined,
    } as unknown as Core,
  })
  return health.report().checks.find(({ name }) => name === 'Kafka certificates')
}

test('readiness warns three weeks before, and when one has ended; it never refuses for that', async () => {
  const ca = [await certificate(-1, 3650)]
  const cert = await certificate(-1, 30)
  const ends = kafkaEnds({ ca, cert, key: '' }, { ca: [await certificate(-1, 33)] })
  expect(told(ends, NOW)).toMatchObject({ state: 'ok', words: 'the first of them ends in 30 d' })
  expect(told(ends, inDays(9))).toMatchObject({ state: 'ok', whatToDo: '' })
  const soon = told(ends, inDays(10))
  expect(soon).toMatchObject({
    state: 'degraded',
    words: 'the certificate of replication.writer ends in 20 d',
    whatToDo: expect.stringMatching(/renewed.*send SIGHUP/),
  })
  expect(told(ends, inDays(32.5))).toMatchObject({
    state: 'degraded',
    words:
      'the certificate of replication.writer ended 2 d ago; ' +
      'the last authority that replication.reader trusts ends in 12 h',
  })
})

test('readiness names what can’t be used at all; of what is not configured it says nothing', async () => {
  const ends = kafkaEnds({ ca: [await certificate(1, 300)] }, undefined)
  expect(told(ends, NOW)).toMatchObject({
    state: 'degraded',
    words: expect.stringContaining('replication.writer trusts can’t be read, or is not in force'),
  })
  expect(told(kafkaEnds(undefined, undefined), NOW)).toMatchObject({ state: 'ok' })
  expect(told(undefined, NOW)).toBeUndefined()
})
