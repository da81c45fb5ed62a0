/**
 * A registrar that is away, slow, silent, put back, forked or lying, over real TLS: the gateway that follows takes nothing of it, keeps what it
 * has, and says in words what is wrong.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { makeRegistrarClient } from '../../adapters/registrar-client/registrar-client.ts'
import { identifyGateway } from '../../certs/peer-identity.ts'
import { makeRegistrarListener } from '../../gateway/http/registrar-listener.ts'
import { machineTimers } from '../../gateway/ports/timers.ts'
import type { Registrar } from '../../gateway/ports/registrar.ts'
import type { RegistrarDesk } from '../../gateway/registry/registrar-desk.ts'
import { GatewayId, Instant } from '../../policies/vocabulary.ts'
import { makePki, type Pki, type TlsFiles } from '../harness/pki.ts'
import { SimDisk } from '../harness/sim-disk.ts'
import {
  at,
  closure,
  follow,
  genesis,
  ONE,
  openRegistrar,
  predecessor,
  type Follower,
  type OpenedRegistrar,
} from '../harness/small-registry.ts'

const REGISTRAR = GatewayId.of('TW', 'GOV', 'GONGDAO', 'gateway-1')
/** A busy machine takes its time; what is to be waited for in vain has the short one. */
const DEADLINE_MS = 8_000
const SHORT_MS = 300
const now = (): Instant => Instant.ofMilliseconds(Date.now())

let pki: Pki
let its: TlsFiles
beforeAll(async () => {
  pki = await makePki()
  its = await pki.issueGateway(ONE)
})

let real: OpenedRegistrar
let door: Door
let follower: Follower
let client: Registrar

/** Two leaves are followed from the real registrar; then a test puts something else in its place. */
beforeEach(async () => {
  real = await openRegistrar()
  await real.desk.handIn(ONE, genesis())
  await real.desk.handIn(ONE, closure())
  door = await openDoor(real.desk)
  client = clientOf(door)
  follower = await follow({
    commits: (from) => client.commits(from),
    append: (entry) => client.append(entry),
    close: () => {
      client.close()
    },
  })
  expect(follower.seen).toHaveLength(2)
})
afterEach(async () => {
  await follower.chain.close()
  await door.close()
})
afterAll(() => expect(reported).toEqual(['no room on the disk']))

interface Door {
  readonly port: number
  close(): Promise<void>
}

const reported: string[] = []

function openDoor(desk: RegistrarDesk, tls = pki.gatewayTls(), port = 0): Promise<Door> {
  const server = makeRegistrarListener({
    tls: () => tls,
    identify: (certificate) => identifyGateway(certificate, pki.trust, 'client'),
    standing: (credential, instant) => pki.revocations.standing(credential, instant),
    clock: { now },
    desk,
    report: (fault) => reported.push((fault as Error).message),
  })
  return listening(server, port)
}

async function listening(server: Server, port = 0): Promise<Door> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function clientOf({ port }: Door, deadlineMs = DEADLINE_MS): Registrar {
  return makeRegistrarClient({
    url: new URL(`https://127.0.0.1:${String(port)}`),
    tls: () => its,
    deadlineMs,
    objection: (certificate) => {
      const found = identifyGateway(certificate, pki.trust, 'server')
      if (found.kind === 'refused') return found.code
      return found.gateway === REGISTRAR ? undefined : 'it is the certificate of another gateway'
    },
  })
}

type Lie = (request: IncomingMessage, response: ServerResponse) => void

/** Under the registrar's own certificate, at its address. */
async function put(lie: Lie): Promise<void> {
  const { port } = door
  await door.close()
  door = await listening(createServer(pki.gatewayTls(), lie), port)
}

async function putDesk(desk: RegistrarDesk, tls = pki.gatewayTls()): Promise<void> {
  const { port } = door
  await door.close()
  door = await openDoor(desk, tls, port)
}

const answering =
  (value: unknown, status = 200): Lie =>
  (_request, response) => {
    response.writeHead(status).end(typeof value === 'string' ? value : JSON.stringify(value))
  }

function shown({ desk }: OpenedRegistrar): readonly object[] {
  return desk
    .commits(0)
    .map(({ payload, ...rest }) => ({ ...rest, payload: payload.toString('base64') }))
}

/** It says so, keeps what it has, and goes on when the real one is back. */
async function refusesWith(words: string | RegExp): Promise<void> {
  const before = follower.chain.head()
  const began = performance.now()
  await expect(follower.chain.follow()).rejects.toThrow(words)
  expect(performance.now() - began).toBeLessThan(DEADLINE_MS / 2)
  await expect(follower.chain.append(genesis({ n: 2, predecessor }))).rejects.toThrow()
  expect(follower.chain.head()).toEqual(before)
  expect(follower.seen).toHaveLength(2)
  await putDesk(real.desk)
  client.close()
  client = clientOf(door)
  await real.record('anchor', { at })
  await follower.chain.follow()
  expect(follower.chain.head()).toEqual(real.chain.head())
}

test('a registrar that is away is missed, and followed again when it is back', async () => {
  await door.close()
  const before = follower.chain.head()
  await expect(follower.chain.follow()).rejects.toThrow('can not be reached: ECONNREFUSED')
  expect(follower.chain.head()).toEqual(before)
  door = await openDoor(real.desk, undefined, door.port)
  await follower.chain.follow()
})

const SLOW: readonly (readonly [string, Lie, string])[] = [
  ['is silent', () => undefined, 'does not answer in time'],
  [
    'drips an answer that never ends',
    (_request, response) => {
      response.writeHead(200)
      const drip = (): void => {
        response.write(' ')
        if (!response.destroyed) machineTimers.after(20, drip)
      }
      drip()
    },
    'does not answer in time',
  ],
  [
    'breaks off',
    (_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('{')
      machineTimers.after(20, () => response.destroy())
    },
    'broke off',
  ],
  ['answers more than it may', answering('x'.repeat(9 * 1024 * 1024)), 'answers without an end'],
  ['answers no JSON', answering('<html>'), 'answers no JSON'],
  ['answers something else', answering({ commits: [{ first: '2' }] }), 'answers no commits'],
  ['answers an error', answering({}, 500), 'answers 500'],
]
test.each(SLOW)('a registrar that %s is told from one that is followed', async (_how, lie, why) => {
  await put(lie)
  if (why.includes('in time')) client = clientOf(door, SHORT_MS)
  await refusesWith(why)
})

test('a registrar that was put back to an earlier state says so, and is not followed', async () => {
  const earlier = await openRegistrar()
  await earlier.desk.handIn(ONE, genesis())
  await putDesk(earlier.desk)
  await refusesWith('2 leaves of the registry were followed, and the registrar has 1')
})

test('another fork under the same key is refused and named, however far it has grown', async () => {
  const forked = await openRegistrar()
  for (const n of [1, 2, 3]) await forked.record('anchor', { at, n })
  await putDesk(forked.desk)
  await refusesWith(/T\/registry.*3 leaves does not continue .*2 leaves were followed.*evidence/)
})

test('what was shown before is not taken a second time', async () => {
  await put(answering({ commits: shown(real) }))
  await refusesWith('leaf 2 is due, leaf 0 comes')
})

test('commits that are counted wrongly are not taken', async () => {
  await Promise.all([real.record('anchor', { at, n: 1 }), real.record('anchor', { at, n: 2 })])
  const [next, ...more] = shown(real).slice(2)
  expect([next, more]).toMatchObject([{ count: 2 }, []])
  for (const count of [0, 1, 1.5, 3, -1, 1e15]) {
    await put(answering({ commits: [{ ...next, count }] }))
    await expect(follower.chain.follow()).rejects.toThrow(/as the registrar shows it/)
    expect(follower.seen).toHaveLength(2)
  }
})

test('a leaf whose record is none is not taken, though the registrar signed it', async () => {
  const { desk, chain } = await openRegistrar(real.disk.kill())
  await chain.append({ kind: 'anchor', record: 'A000000018' })
  await putDesk(desk)
  await expect(follower.chain.follow()).rejects.toThrow('leaf 2 has no record')
  expect(follower.seen).toHaveLength(2)
})

test('what is handed in is on record only where the registrar shows that very leaf', async () => {
  const next = genesis({ n: 2, predecessor })
  // It answers with the index of another leaf; then it records under another kind.
  for (const index of [0, 7]) {
    await put((request, response) => {
      const answer = request.method === 'POST' ? { index } : { commits: [] }
      request.resume().on('end', () => response.end(JSON.stringify(answer)))
    })
    await expect(follower.chain.append(next)).rejects.toThrow('is not what was handed in')
  }
  const index = await real.record('anchor', JSON.parse(next.record) as object)
  const commits = shown(real).slice(index)
  await put((request, response) => {
    const { size } = follower.chain.head()
    const answer = request.method === 'POST' ? { index } : { commits: size > index ? [] : commits }
    request.resume().on('end', () => response.end(JSON.stringify(answer)))
  })
  await expect(follower.chain.append(next)).rejects.toThrow('is not what was handed in')
})

test('what it says is one short line of plain characters in the log, whatever it is', async () => {
  await put(answering({ refused: `\u001b[2J\n王小明${'x'.repeat(9_000)}` }, 409))
  const fault = await follower.chain.follow().catch((one: unknown) => one as Error)
  expect(fault).toMatchObject({ message: expect.stringMatching(/^\?\[2J\?{4}x{200,300}$/) })
})

test('somebody else at its address is not asked anything', async () => {
  const asked: string[] = []
  const { port } = door
  await door.close()
  door = await listening(
    createServer({ ...its, requestCert: true, rejectUnauthorized: false }, ({ url }) =>
      asked.push(url ?? ''),
    ),
    port,
  )
  await refusesWith('it is the certificate of another gateway')
  expect(asked).toEqual([])
})

test('a renewed certificate is shown to whoever connects from then on', async () => {
  let tls = pki.gatewayTls()
  const { port } = door
  await door.close()
  const seen: string[] = []
  const server = makeRegistrarListener({
    tls: () => tls,
    identify: (certificate) => identifyGateway(certificate, pki.trust, 'client'),
    standing: () => 'good',
    clock: { now },
    desk: real.desk,
    report: () => undefined,
  })
  door = await listening(server, port)
  const look = async (): Promise<void> => {
    const looking = makeRegistrarClient({
      url: new URL(`https://127.0.0.1:${String(port)}`),
      tls: () => its,
      objection: (certificate) => {
        seen.push(certificate?.serialNumber ?? '')
        return undefined
      },
    })
    await looking.commits(0)
    looking.close()
  }
  await look()
  tls = { ...tls, ...(await pki.issueGateway(REGISTRAR)) }
  await look()
  expect(new Set(seen).size).toBe(2)
})

test('a fault of its own is told to its operator, and to a gateway without a line of the program', async () => {
  const broken = {
    size: () => 9,
    commits: () => {
      throw new Error('no room on the disk')
    },
  }
  await putDesk(broken as unknown as RegistrarDesk)
  await expect(follower.chain.follow()).rejects.toThrow('the registry can not be read now')
})

test('a stop does not wait for a registrar that is silent', async () => {
  let heard: () => void = () => undefined
  const asked = new Promise<void>((resolve) => {
    heard = resolve
  })
  await put(() => heard())
  const following = follower.chain.follow()
  following.catch(() => undefined)
  await asked
  const began = performance.now()
  await follower.chain.close()
  expect(performance.now() - began).toBeLessThan(DEADLINE_MS / 2)
  await expect(following).rejects.toThrow()
})

test('a disk that fails while it follows ends the process', async () => {
  const disk = new SimDisk()
  const following = await follow(client, disk)
  disk.before = (operation) => {
    if (operation === 'sync') throw new Error('EIO')
  }
  await real.record('anchor', { at })
  await expect(following.chain.follow()).rejects.toThrow('can not be kept here')
  expect(following.fatal).toHaveLength(1)
})
