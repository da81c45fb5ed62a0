import { once } from 'node:events'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { identifyPeer } from '../../certs/peer-identity.ts'
import { GatewayId, Instant } from '../../policies/vocabulary.ts'
import { makePki, type Pki, type TlsFiles } from '../harness/pki.ts'
import {
  ask,
  CONSUMER,
  listening,
  nothingOpen,
  PATH,
  rawClient,
  type Listening,
} from './listening.ts'

const GATEWAY = GatewayId.parse('TW/GOV/A000000018/gateway-9')
const DAY = 86_400_000
const GET = `GET ${PATH} HTTP/1.1`
let pki: Pki
let consumer: TlsFiles

beforeAll(async () => {
  pki = await makePki()
  consumer = await pki.issueSubsystem(CONSUMER)
})

const open: Listening[] = []
afterAll(async () => {
  for (const each of open) await each[Symbol.asyncDispose]()
})

async function start(parts: Parameters<typeof listening>[1] = {}): Promise<Listening> {
  const each = await listening(pki, parts)
  open.push(each)
  return each
}

function errorIn(reply: string): string | undefined {
  return /^X-Road-Error: (.*)\r$/m.exec(reply)?.[1]
}

function at(offset: number): Instant {
  return Instant.ofMilliseconds(Date.now() + offset)
}

test('a registered certificate comes in, and the exchange learns whose it is', async () => {
  const gate = await start()
  expect(await ask(gate.port, consumer, GET)).toMatch(/^HTTP\/1.1 200 /)
  expect(gate.calls[0]?.peer.subsystem).toBe(CONSUMER)
})

interface Stranger {
  readonly code: string
  readonly member: string
  readonly tls: () => Promise<Partial<TlsFiles>>
}
const MEMBER = 'TW/GOV/A000000018'
const STRANGERS: Readonly<Record<string, Stranger>> = {
  'no certificate': {
    code: 'Client.Identity.CertificateMissing',
    member: 'nobody',
    tls: () => Promise.resolve({ ca: consumer.ca }),
  },
  'a certificate of another CA that names our subsystem': {
    code: 'Client.Identity.CertificateUntrusted',
    member: 'nobody',
    tls: async () => ({
      ...(await (await makePki()).issueSubsystem(CONSUMER)),
      ca: consumer.ca,
    }),
  },
  "a gateway's certificate": {
    code: 'Client.Identity.CertificateUnsuitable',
    member: 'nobody',
    tls: () => pki.issueGateway(GATEWAY),
  },
  'an expired certificate': {
    code: 'Client.Identity.CertificateExpired',
    member: MEMBER,
    tls: () => pki.issueSubsystem(CONSUMER, { notBefore: at(-2 * DAY), notAfter: at(-DAY) }),
  },
  'a certificate of tomorrow': {
    code: 'Client.Identity.CertificateNotYetValid',
    member: MEMBER,
    tls: () => pki.issueSubsystem(CONSUMER, { notBefore: at(DAY), notAfter: at(2 * DAY) }),
  },
  'a revoked certificate': {
    code: 'Client.Identity.CertificateRevoked',
    member: MEMBER,
    tls: async () => {
      const files = await pki.issueSubsystem(CONSUMER)
      await pki.revoke(files.cert)
      return files
    },
  },
}

test.each(Object.entries(STRANGERS))(
  'with %s, one 401 says why, the body stays unread, and the connection closes',
  async (_name, stranger) => {
    const gate = await start()
    const client = await rawClient(gate.port, { ...(await stranger.tls()) })
    // Not a byte of the announced body is sent, and yet there is an answer.
    client.send(`POST ${PATH} HTTP/1.1\r\nHost: gateway\r\nContent-Length: 100000\r\n\r\n`)
    const reply = await client.closed()
    expect(reply).toMatch(/^HTTP\/1.1 401 /)
    expect(errorIn(reply)).toBe(stranger.code)
    expect(reply).toContain('Connection: close')
    expect(gate.refused).toEqual([`${stranger.code} ${stranger.member}`])
    expect(gate.calls).toEqual([])
    await nothingOpen(gate.server)
  },
)

test('a revocation acts on the next request of a connection that is already open', async () => {
  const gate = await start()
  const files = await pki.issueSubsystem(CONSUMER)
  const client = await rawClient(gate.port, files)
  client.send(`${GET}\r\nHost: gateway\r\n\r\n`)
  await client.until(/\{\}$/)
  await pki.revoke(files.cert)
  client.send(`${GET}\r\nHost: gateway\r\n\r\n`)
  expect(errorIn(await client.closed())).toBe('Client.Identity.CertificateRevoked')
  expect(gate.calls).toHaveLength(1)
})

test('an expiry acts on the next request of a connection that is already open', async () => {
  let now = Date.now()
  const gate = await start({ clock: { now: () => Instant.ofMilliseconds(now) } })
  const files = await pki.issueSubsystem(CONSUMER, { notAfter: at(DAY) })
  const client = await rawClient(gate.port, files)
  client.send(`${GET}\r\nHost: gateway\r\n\r\n`)
  await client.until(/\{\}$/)
  now += 2 * DAY
  client.send(`${GET}\r\nHost: gateway\r\n\r\n`)
  expect(errorIn(await client.closed())).toBe('Client.Identity.CertificateExpired')
})

test("a stale revocation list is our fault, not the caller's: 503 with Retry-After", async () => {
  const gate = await start({ standing: () => 'Server.Identity.RevocationListStale' })
  const reply = await ask(gate.port, consumer, GET)
  expect(reply).toMatch(/^HTTP\/1.1 503 /)
  expect(reply).toMatch(/^Retry-After: \d+\r$/m)
  expect(errorIn(reply)).toBe('Server.Identity.RevocationListStale')
})

test('identity is found once per connection, standing asked for each request', async () => {
  let found = 0
  let asked = 0
  const gate = await start({
    identify: (certificate) => {
      found += 1
      return identifyPeer(certificate, pki.trust)
    },
    standing: () => {
      asked += 1
      return 'good'
    },
  })
  const client = await rawClient(gate.port, consumer)
  for (let round = 1; round <= 3; round += 1) {
    client.send(`${GET}\r\nHost: gateway\r\n\r\n`)
    await client.until(new RegExp(`(?:\\{\\}[^{]*){${round}}$`))
  }
  expect([found, asked]).toEqual([1, 3])
  client.socket.destroy()
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a resumed %s session has the identity of its first connection, and its revocation counts',
  async (version) => {
    const gate = await start()
    const files = await pki.issueSubsystem(CONSUMER)
    const tls = { ...files, minVersion: version, maxVersion: version } as const
    const first = await rawClient(gate.port, tls)
    first.send(`${GET}\r\nHost: gateway\r\n\r\n`)
    await first.until(/\{\}$/)
    const session = first.socket.getSession()!
    first.socket.destroy()

    const again = await rawClient(gate.port, { ...tls, session })
    expect(again.socket.isSessionReused()).toBe(true)
    again.send(`${GET}\r\nHost: gateway\r\n\r\n`)
    await again.until(/\{\}$/)
    expect(gate.calls.at(-1)?.peer.subsystem).toBe(CONSUMER)

    await pki.revoke(files.cert)
    const late = await rawClient(gate.port, { ...tls, session })
    expect(late.socket.isSessionReused()).toBe(true)
    late.send(`${GET}\r\nHost: gateway\r\n\r\n`)
    expect(errorIn(await late.closed())).toBe('Client.Identity.CertificateRevoked')
    again.socket.destroy()
  },
)

test('a session without a certificate cannot be resumed into one', async () => {
  const gate = await start()
  const first = await rawClient(gate.port, { ca: consumer.ca })
  let session: Buffer | undefined
  first.socket.on('session', (given: Buffer) => (session = given))
  first.send(`${GET}\r\nHost: gateway\r\n\r\n`)
  await first.closed()
  const again = await rawClient(gate.port, { ...consumer, session: session! })
  again.send(`${GET}\r\nHost: gateway\r\nConnection: close\r\n\r\n`)
  const reply = await again.closed()
  // Either the server insisted on a new handshake, or the session's lack of a certificate stands.
  expect(
    again.socket.isSessionReused() ? errorIn(reply) : 'Client.Identity.CertificateMissing',
  ).toBe('Client.Identity.CertificateMissing')
})

test.each([
  ['TLS 1.1', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }],
  ['a cipher without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES256-GCM-SHA384' }],
  [
    'a cipher without authentication of data',
    { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA' },
  ],
] as const)('%s is refused in the handshake', async (_name, tls) => {
  const gate = await start()
  const socket = connect({ host: '127.0.0.1', port: gate.port, ...consumer, ...tls })
  const [error] = (await once(socket, 'error')) as [Error]
  expect(error).toHaveProperty('code', expect.stringMatching(/^ERR_SSL_/))
  await nothingOpen(gate.server)
})

test('what is pipelined behind a refused request is not carried out', async () => {
  const gate = await start()
  const client = await rawClient(gate.port, consumer)
  client.send(
    `GET http://elsewhere${PATH} HTTP/1.1\r\nHost: gateway\r\n\r\n${GET}\r\nHost: gateway\r\n\r\n`,
  )
  expect((await client.closed()).match(/HTTP\/1.1/g)).toHaveLength(1)
  expect(gate.calls).toEqual([])
})
