import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import { CertsFolder } from '../../adapters/certs-folder/certs-folder.ts'
import { issueCertificate } from '../../certs/authority.ts'
import { generateKey } from '../../certs/keys.ts'
import type { KeyedCertificate } from '../../certs/sign-certificate.ts'
import { foldersOf } from '../../deploy/config.ts'
import type { Asked } from '../../deploy/demo/ask.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import type { PieceRecord } from '../../gateway/ledger/registry-events.ts'
import { PieceJoiner } from '../../gateway/projections/piece-joiner.ts'
import { Instant, SubsystemId } from '../../policies/vocabulary.ts'
import { oddFiles } from '../certs/odd-certificate.ts'
import { audit, intentsOf, outcomesOf } from '../harness/audit.ts'
import { INCOME } from '../harness/departments.ts'
import { makePki } from '../harness/pki.ts'
import { CITY, headerOf, LABOUR, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'

const DAY = 86_400_000
const LIST_DAYS = 30
const GRACE_MS = 300
let system: System

beforeAll(async () => {
  system = await startSystem({ revocationGraceMs: GRACE_MS })
}, 120_000)

afterAll(() => system[Symbol.asyncDispose]())

function certs(): CertsFolder {
  return CertsFolder.open(foldersOf(system.data).certs, (count) => randomBytes(count))
}

function issuing(): KeyedCertificate {
  const { issuingCertificate, issuingKey } = certs().layout
  return {
    certificate: readFileSync(issuingCertificate, 'utf8'),
    key: readFileSync(issuingKey, 'utf8'),
  }
}

/** Milliseconds from now. */
function later(milliseconds: number): Instant {
  return Instant.ofMilliseconds(Date.now() + milliseconds)
}

type Files = { readonly cert: string; readonly key: string }

/** A certificate of our own CA beside the one that the subsystem has. */
async function certificateFor(id: string, from = -DAY, to = DAY): Promise<Files> {
  const key = generateKey('ec')
  const order = {
    identity: { kind: 'subsystem', id: SubsystemId.parse(id) },
    publicKey: createPublicKey(key),
    organization: '示範機關',
    hosts: ['localhost', '127.0.0.1'],
    notBefore: later(from),
    notAfter: later(to),
  } as const
  const cert = await issueCertificate(issuing(), order, (count) => randomBytes(count))
  return { cert: cert + issuing().certificate, key }
}

/** Takes back the certificate that the subsystem has and gives it another; answers the one taken back. */
async function replaceCertificate(id: string): Promise<Files> {
  const old = system.world.identityOf('subsystem', id)
  const serial = new X509Certificate(old.cert).serialNumber.toLowerCase().replace(/^0+/, '')
  await certs().revoke(serial, { reason: 'keyCompromise', now: later(0), listDays: LIST_DAYS })
  const order = {
    identity: { kind: 'subsystem', id: SubsystemId.parse(id) },
    organization: '示範機關',
    hosts: ['localhost', '127.0.0.1'],
    notBefore: later(-DAY),
    notAfter: later(DAY),
  } as const
  await certs().issue(order, { key: 'ec', now: later(0) })
  return old
}

function told(asked: Asked): readonly [number, string] {
  return [asked.status, headerOf(asked, 'x-road-error')]
}

test('a consumer’s certificate that is revoked is refused at the next request of the same connection', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const tls = system.world.identityOf('subsystem', LABOUR)
    expect(told(await system.run('S3', { agent, tls }))).toEqual([200, ''])
    const [[socket] = []] = Object.values(agent.freeSockets)
    await replaceCertificate(LABOUR)
    const read = socket?.bytesRead ?? 0
    expect(told(await system.run('S3', { agent, tls }))).toEqual([
      401,
      'Client.Identity.CertificateRevoked',
    ])
    expect(socket?.bytesRead).toBeGreaterThan(read)
  } finally {
    agent.destroy()
  }
  // Everybody else goes on.
  expect(told(await system.run('S3'))).toEqual([200, ''])
})

async function archived(number: number): Promise<void> {
  const isThere = (): boolean => readLedger(system.data).view.revocations.has(number)
  await until(isThere, `list ${String(number)} in the registry`)
}

test('each list that a request used is archived, even where the next one came at once', async () => {
  const numbers: number[] = []
  for (let times = 0; times < 3; times += 1) {
    const { number } = await certs().publish(later(0), LIST_DAYS)
    expect(told(await system.run('S3'))).toEqual([200, ''])
    numbers.push(number)
  }
  for (const number of numbers) await archived(number)
  const { findings, leaves } = await audit(system.data)
  expect(findings).toEqual([])
  const used = intentsOf(leaves).map(({ heads }) => heads.revocations)
  expect(used.slice(-3)).toEqual(numbers)
})

test('a list that nobody uses is archived all the same, by its content', async () => {
  const { der, number } = await certs().publish(later(0), LIST_DAYS)
  await archived(number)
  const joiner = new PieceJoiner()
  let text: string | undefined
  readChain({
    folder: chainFolder(system.data, 'TW/registry'),
    origin: 'TW/registry',
    twoPhase: true,
    visit: ({ leaf, record }) => {
      const piece = JSON.parse(record) as PieceRecord
      if (leaf.kind === 'revocations') text = joiner.take(piece)?.text ?? text
    },
  })
  expect(Buffer.from(text ?? '', 'base64').equals(der)).toBe(true)
})

test('a provider’s certificate that is revoked is not asked again, over no connection that is open', async () => {
  const { household } = system.departments
  expect(told(await system.run('household'))).toEqual([200, ''])
  const before = household.received.length
  await replaceCertificate('TW/GOV/301000000A/household')
  expect(told(await system.run('household'))).toEqual([502, 'Server.Provider.Untrusted'])
  expect(household.received).toHaveLength(before)
  const { leaves } = await audit(system.data)
  expect(outcomesOf(leaves).at(-1)).toMatchObject({
    outcome: 'not-sent',
    reason: 'Server.Provider.Untrusted',
  })
  household.present(system.world.identityOf('subsystem', 'TW/GOV/301000000A/household'))
  expect(told(await system.run('household'))).toEqual([200, ''])
})

test('a list past its next update and the grace closes the door for everybody, and a new one opens it', async () => {
  const second = 1000 / DAY
  await certs().publish(later(0), 2 * second)
  await pause(2000 + GRACE_MS + 1000)
  expect(told(await system.run('S3'))).toEqual([503, 'Server.Identity.RevocationListStale'])
  expect(told(await system.run('S1'))).toEqual([503, 'Server.Identity.RevocationListStale'])
  expect(told(await system.ask({ consumer: CITY, path: '/r1/TW/listClients' }))).toEqual([
    503,
    'Server.Identity.RevocationListStale',
  ])
  await certs().publish(later(0), LIST_DAYS)
  expect(told(await system.run('S3'))).toEqual([200, ''])
})

test('a certificate that is expired, not yet valid, of another CA, self-signed or no subsystem’s is told why, once', async () => {
  const other = await makePki()
  const strange = await other.issueSubsystem(SubsystemId.parse(LABOUR))
  const odd = (names: readonly (readonly [number, string])[]): Promise<Files> =>
    oddFiles(issuing(), { names }).then((made) => ({ cert: made.certificate, key: made.key }))
  const gateway = system.world.identityOf('gateway', 'TW/GOV/GONGDAO/gateway-1')
  const urn = `urn:gongdao:subsystem:${LABOUR}`
  const cases: readonly (readonly [Files, string])[] = [
    [await certificateFor(LABOUR, -2 * DAY, -DAY), 'CertificateExpired'],
    [await certificateFor(LABOUR, DAY, 2 * DAY), 'CertificateNotYetValid'],
    [strange, 'CertificateUntrusted'],
    [
      { cert: other.authority.root.certificate, key: other.authority.root.key },
      'CertificateUntrusted',
    ],
    [gateway, 'CertificateUnsuitable'],
    [await odd([]), 'CertificateUnsuitable'],
    [await odd([[2, urn]]), 'CertificateUnsuitable'],
    [await odd([[6, `${urn} `]]), 'CertificateUnsuitable'],
    [await odd([[6, urn.replace('A17', 'а17')]]), 'CertificateUnsuitable'],
    [
      await odd([
        [6, urn],
        [6, `urn:gongdao:subsystem:${CITY}`],
      ]),
      'CertificateUnsuitable',
    ],
  ]
  const before = system.departments.enrolment.received.length
  for (const [tls, code] of cases) {
    expect(told(await system.run('S3', { tls }))).toEqual([401, `Client.Identity.${code}`])
  }
  expect(system.departments.enrolment.received).toHaveLength(before)
})

test('a good certificate does not carry the name of another: a header is only a claim', async () => {
  const asLabour = { consumer: LABOUR, headers: { 'X-Road-Client': LABOUR } }
  const tls = system.world.identityOf('subsystem', CITY)
  expect(told(await system.run('S3', { ...asLabour, tls }))).toEqual([
    403,
    'Client.Identity.ClientMismatch',
  ])
  const twin = await certificateFor('TW/GOV/A17000000J/labour-insurance-2')
  expect(told(await system.run('S3', { tls: twin }))).toEqual([
    403,
    'Client.Identity.UnknownSubsystem',
  ])
})

test('a provider behind another member’s certificate gets not a byte of the request, and that is on record', async () => {
  let bytes = 0
  let connections = 0
  const impostor = createServer({
    ...system.world.identityOf('subsystem', CITY),
    requestCert: true,
    ALPNProtocols: ['http/1.1'],
  })
  impostor.on('connection', () => (connections += 1))
  impostor.on('secureConnection', (socket) => {
    socket.on('data', (chunk) => (bytes += chunk.length)).on('error', () => undefined)
  })
  impostor.listen(0, '127.0.0.1')
  await once(impostor, 'listening')
  const { port } = impostor.address() as AddressInfo
  const url = new URL(`https://127.0.0.1:${String(port)}`)
  const other = await startSystem({
    addresses: ({ addresses }) => new Map([...addresses, [INCOME, url]]),
  })
  try {
    const asked = await other.run('S1')
    expect(told(asked)).toEqual([502, 'Server.Provider.Untrusted'])
    expect(headerOf(asked, 'exchange-receipt')).not.toBe('')
    expect([connections, bytes]).toEqual([1, 0])
    const { findings, leaves } = await audit(other.data)
    expect(outcomesOf(leaves)).toMatchObject([
      { outcome: 'not-sent', reason: 'Server.Provider.Untrusted', fields: [] },
    ])
    expect(findings).toEqual([])
  } finally {
    await other[Symbol.asyncDispose]()
    impostor.close()
  }
})

test('what was refused before a decision is counted, by member where our CA vouches for one, and put on record', async () => {
  await system.stop()
  const { findings, leaves } = await audit(system.data)
  expect(findings).toEqual([])
  const { counts } = leaves.find(({ kind }) => kind === 'admission')?.record as {
    counts: readonly { code: string; count: number; member: string }[]
  }
  const of = (code: string): readonly [string, number][] =>
    counts.filter((row) => row.code === code).map(({ count, member }) => [member, count])
  expect(of('Client.Identity.CertificateUntrusted')).toEqual([['nobody', 2]])
  expect(of('Client.Identity.CertificateRevoked')).toEqual([['TW/GOV/A17000000J', 1]])
  expect(of('Client.Identity.ClientMismatch')).toEqual([['TW/GOV/379000000A', 1]])
  expect(of('Client.Identity.CertificateUnsuitable')).toEqual([['nobody', 6]])
  await system.start()
})

test('an older list that is put back while the gateway stands still does not open the door again', async () => {
  const { revocationList } = certs().layout
  const older = readFileSync(revocationList)
  const { number } = await certs().publish(later(0), LIST_DAYS)
  await archived(number)
  const newest = readFileSync(revocationList)
  await system.stop()
  writeFileSync(revocationList, older)
  await expect(system.start()).rejects.toMatchObject({
    name: 'RevocationListRefused',
    fault: 'older',
  })
  rmSync(revocationList)
  expect((await certs().publish(later(0), LIST_DAYS)).number).toBeGreaterThan(number)
  await system.start()
  await system.stop()
  // The same number again, with another content.
  writeFileSync(revocationList, newest)
  await expect(system.start()).rejects.toMatchObject({ fault: 'older' })
  rmSync(revocationList)
  await pause(1000)
  await certs().publish(later(0), LIST_DAYS)
  await system.start()
  expect(told(await system.run('S3'))).toEqual([200, ''])
})
