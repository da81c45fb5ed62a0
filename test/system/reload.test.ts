import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { CertsFolder } from '../../adapters/certs-folder/certs-folder.ts'
import { layoutOf, safeName } from '../../adapters/certs-folder/layout.ts'
import { issueCertificate, LOCAL_HOSTS } from '../../certs/authority.ts'
import { identityOf } from '../../certs/identity.ts'
import type { KeyedCertificate } from '../../certs/sign-certificate.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { audit, intentsOf } from '../harness/audit.ts'
import { GATEWAY, headerOf, LABOUR, startSystem, type System } from '../harness/system.ts'

const SERVICE = 'services/nhi-enrolment.json'
const DAY_MS = 86_400_000

let system: System

beforeEach(async () => {
  system = await startSystem()
})
afterEach(async () => {
  await system[Symbol.asyncDispose]()
})

function change(path: string, how: (text: string) => string): () => void {
  const file = join(system.data, path)
  const before = readFileSync(file)
  writeFileSync(file, how(before.toString('utf8')), { mode: 0o600 })
  return () => {
    writeFileSync(file, before)
  }
}

function reload(): ReturnType<System['gateway']['reload']> {
  return system.gateway.reload()
}

function checked(name: string): { readonly state: string; readonly words: string } | undefined {
  return system.gateway.health.health.report().checks.find((check) => check.name === name)
}

/** Serial number of the certificate that the listener shows to who connects now. */
async function shownSerial(): Promise<string> {
  const { ca, cert, key } = system.world.identityOf('subsystem', LABOUR)
  const { hostname, port } = system.gateway.url
  const socket = connect({ host: hostname, port: Number(port), ca, cert, key })
  await once(socket, 'secureConnect')
  const serial = socket.getPeerX509Certificate()?.serialNumber ?? ''
  socket.destroy()
  return serial
}

async function newCertificate(ends = Date.now() + DAY_MS): Promise<void> {
  const certs = CertsFolder.open(join(system.data, 'certs'), (count) => randomBytes(count))
  const identity = identityOf('gateway', GATEWAY)
  // As an operator does: the old pair away, the new one in its place.
  const base = join(certs.layout.issued, safeName(identity))
  for (const end of ['crt', 'key']) renameSync(`${base}.${end}`, `${base}.${end}.before`)
  await certs.issue(
    {
      identity,
      organization: 'Gongdao DEMO',
      hosts: LOCAL_HOSTS,
      notBefore: Instant.ofMilliseconds(ends - 10 * DAY_MS),
      notAfter: Instant.ofMilliseconds(ends),
    },
    { key: 'ec', now: Instant.ofMilliseconds(Date.now()) },
  )
}

function ownFiles(): { readonly pair: string; readonly issuing: KeyedCertificate } {
  const { issued, issuingCertificate, issuingKey } = layoutOf(join(system.data, 'certs'))
  const read = (path: string): string => readFileSync(path, 'utf8')
  return {
    pair: join(issued, safeName(identityOf('gateway', GATEWAY))),
    issuing: { certificate: read(issuingCertificate), key: read(issuingKey) },
  }
}

test('a changed document takes force for the next request, with a new manifest; decisions name the one that they used', async () => {
  await system.run('S3')
  change(`documents/${SERVICE}`, (text) => text.replace('"pattern": "[1-6]"', '"pattern": "[2-6]"'))
  expect(await reload()).toEqual({ kind: 'reloaded', documentsChanged: true })
  await system.run('S3')
  const { view } = readLedger(system.data)
  const [old, now] = view.manifests
  expect(view.manifests).toHaveLength(2)
  const { findings, leaves, replay } = await audit(system.data)
  expect(intentsOf(leaves).map(({ heads }) => heads.manifest)).toEqual([old?.index, now?.index])
  expect(findings).toEqual([])
  expect(replay).toEqual({ agree: 2, differ: 0, undecidable: 0, stale: 0 })
})

test('nothing changed: no new manifest', async () => {
  expect(await reload()).toEqual({ kind: 'reloaded', documentsChanged: false })
  expect(readLedger(system.data).view.manifests).toHaveLength(1)
})

test('an agreement that is taken out refuses the next request', async () => {
  expect((await system.run('S3')).status).toBe(200)
  rmSync(join(system.data, 'documents/agreements/enrolment-for-labour-insurance.json'))
  expect(await reload()).toMatchObject({ kind: 'reloaded' })
  const after = await system.run('S3')
  expect([after.status, headerOf(after, 'x-road-error')]).toEqual([403, 'Client.Policy.NoBasis'])
})

test('a bad document leaves everything as it was, a new certificate beside it included, and every fault is told at once', async () => {
  const serial = await shownSerial()
  await newCertificate()
  const mend = [
    change(`documents/${SERVICE}`, (text) => text.replace('"version": 1', '"version": "one"')),
    change('documents/members/labour.json', (text) => text.replace('"id"', '"ID"')),
  ]
  const refused = await reload()
  expect(refused).toMatchObject({ kind: 'refused' })
  const told = system.reports.at(-1) ?? ''
  for (const words of ['nothing was changed', SERVICE, '/version', 'members/labour.json']) {
    expect(told).toContain(words)
  }
  expect(checked('reload')).toMatchObject({ state: 'degraded' })
  expect(await shownSerial()).toBe(serial)
  expect((await system.run('S3')).status).toBe(200)
  expect(readLedger(system.data).view.manifests).toHaveLength(1)

  for (const one of mend) one()
  expect(await reload()).toEqual({ kind: 'reloaded', documentsChanged: false })
  expect(checked('reload')).toMatchObject({ state: 'ok' })
  expect(await shownSerial()).not.toBe(serial)
})

test('a new certificate is shown to who connects from now on, and to providers; who is connected stays so', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    expect((await system.run('S3', { agent })).status).toBe(200)
    const [socket] = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])
    const before = await shownSerial()
    await newCertificate()
    expect(await reload()).toMatchObject({ kind: 'reloaded' })
    expect(await shownSerial()).not.toBe(before)
    expect((await system.run('S3', { agent })).status).toBe(200)
    expect(Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])).toEqual([socket])
    expect((await system.run('S3')).status).toBe(200)
  } finally {
    agent.destroy()
  }
})

test('who is connected and revoked is refused at the next request, as before a reload', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    expect((await system.run('S3', { agent })).status).toBe(200)
    const certs = CertsFolder.open(join(system.data, 'certs'), (count) => randomBytes(count))
    const { cert } = system.world.identityOf('subsystem', LABOUR)
    const serial = new X509Certificate(cert).serialNumber.toLowerCase().replace(/^0+(?=.)/, '')
    await certs.revoke(serial, {
      reason: 'keyCompromise',
      now: Instant.ofMilliseconds(Date.now()),
      listDays: 30,
    })
    await reload()
    const after = await system.run('S3', { agent })
    expect(headerOf(after, 'x-road-error')).toBe('Client.Identity.CertificateRevoked')
  } finally {
    agent.destroy()
  }
})

test.each([
  ['key', 'another key', (): string => readFileSync(join(system.data, 'certs/root.key'), 'utf8')],
  [
    'crt',
    'no certificate',
    (): string => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  ],
  [
    'crt',
    'the certificate of another',
    (): string => system.world.identityOf('subsystem', LABOUR).cert,
  ],
  ['key', 'an empty file', (): string => ''],
])('a .%s that holds %s is refused: all is as it was', async (end, _, content) => {
  const serial = await shownSerial()
  const file = `certs/issued/${safeName(identityOf('gateway', GATEWAY))}.${end}`
  change(file, content)
  expect(await reload()).toMatchObject({ kind: 'refused' })
  expect(system.reports.at(-1)).toContain(`.${end}`)
  expect(await shownSerial()).toBe(serial)
  expect((await system.run('S3')).status).toBe(200)
})

test('a key that TLS holds for too short is refused, and documents beside it do not take force', async () => {
  const serial = await shownSerial()
  const { issuing, pair } = ownFiles()
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const order = {
    ...{ identity: identityOf('gateway', GATEWAY), publicKey },
    ...{ organization: 'Gongdao DEMO', hosts: LOCAL_HOSTS },
    notBefore: Instant.ofMilliseconds(Date.now() - DAY_MS),
    notAfter: Instant.ofMilliseconds(Date.now() + DAY_MS),
  }
  writeFileSync(`${pair}.crt`, await issueCertificate(issuing, order, randomBytes))
  writeFileSync(`${pair}.key`, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  rmSync(join(system.data, 'documents/agreements/enrolment-for-labour-insurance.json'))
  for (const attempt of ['first', 'second']) {
    expect([attempt, await reload()]).toMatchObject([attempt, { kind: 'refused' }])
    expect(system.reports.at(-1)).toMatch(/TLS does not take .*\.crt with its key: .*key too small/)
  }
  expect(await shownSerial()).toBe(serial)
  expect(readLedger(system.data).view.manifests).toHaveLength(1)
  expect((await system.run('S3')).status).toBe(200)
})

test('a certificate without its last line break is as good as with it', async () => {
  await newCertificate()
  const { pair } = ownFiles()
  writeFileSync(`${pair}.crt`, readFileSync(`${pair}.crt`, 'utf8').trimEnd())
  expect(await reload()).toMatchObject({ kind: 'reloaded' })
  expect((await system.run('S3')).status).toBe(200)
})

test('a certificate that has ended is refused', async () => {
  await newCertificate(Date.now() - DAY_MS)
  const refused = await reload()
  expect(refused).toMatchObject({ kind: 'refused' })
  expect(JSON.stringify(refused)).toContain('is good from')
})

test.each([
  [
    'a damaged revocation list',
    'certs/crl.pem',
    (text: string) => text.replace(/[A-Z]{4}/, 'AAAA'),
  ],
  [
    'another CA',
    'certs/root.crt',
    () => readFileSync(join(system.data, 'certs/issuing.crt'), 'utf8'),
  ],
])('%s is refused, and documents beside it do not take force', async (_, path, how) => {
  change(`documents/${SERVICE}`, (text) => text.replace('"pattern": "[1-6]"', '"pattern": "[2-6]"'))
  const mend = change(path, how)
  expect(await reload()).toMatchObject({ kind: 'refused' })
  mend()
  expect(readLedger(system.data).view.manifests).toHaveLength(1)
  expect((await system.run('S3')).status).toBe(200)
})

test('requests that come while documents are read again are all answered, under the one or the other manifest', async () => {
  const changes = ['[1-7]', '[1-8]', '[1-6]'].map((now, at, all) => (): void => {
    const before = all[at - 1] ?? '[1-6]'
    change(`documents/${SERVICE}`, (text) => text.replace(`"${before}"`, `"${now}"`))
  })
  const asked = Array.from({ length: 30 }, () => system.run('S3'))
  for (const apply of changes) {
    apply()
    expect(await reload()).toMatchObject({ kind: 'reloaded', documentsChanged: true })
  }
  const statuses = (await Promise.all(asked)).map(({ status }) => status)
  // 503: what had been decided under the one was about to be answered under the other.
  for (const status of statuses) expect([200, 503]).toContain(status)
  const { findings, replay } = await audit(system.data)
  expect(findings).toEqual([])
  expect(replay).toMatchObject({ differ: 0, undecidable: 0, stale: 0 })
})
