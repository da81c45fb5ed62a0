import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import {
  checkpointsFolder,
  readCheckpoints,
} from '../../adapters/checkpoints-folder/checkpoints-folder.ts'
import { HEALTH_BOUNDS } from '../../deploy/config/health.ts'
import { freePorts } from '../../deploy/services/free-ports.ts'
import { DocumentsFaulty } from '../../deploy/open-law.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { startGateway } from '../../deploy/wire.ts'
import { systemChance, systemClock } from '../../deploy/system.ts'
import { checkReceipt } from '../../gateway/ledger/check-receipt.ts'
import type { Asked } from '../../deploy/demo/ask.ts'
import { audit, intentsOf, pinnedKeys } from '../harness/audit.ts'
import {
  CITY,
  configFor,
  headerOf,
  LABOUR,
  scenarioNamed,
  startSystem,
  type System,
  type SystemOptions,
} from '../harness/system.ts'
import { ENROLMENT } from '../harness/departments.ts'
import { until } from '../harness/until.ts'

const open: System[] = []

async function started(options: SystemOptions = {}): Promise<System> {
  const system = await startSystem(options)
  open.push(system)
  return system
}

afterEach(async () => {
  for (const system of open.splice(0)) await system[Symbol.asyncDispose]()
})

function told(asked: Asked): readonly [number, string] {
  return [asked.status, headerOf(asked, 'x-road-error')]
}

function change(system: System, path: string, how: (text: string) => string): void {
  const file = join(system.data, 'documents', path)
  writeFileSync(file, how(readFileSync(file, 'utf8')))
}

const SERVICE = 'services/nhi-enrolment.json'

test('a stop seals the chain; the next start closes it in the registry and opens its one successor', async () => {
  const system = await started()
  const before = await system.run('S3')
  const { size } = system.gateway.core.ledger.head()
  await system.stop()
  await system.start()
  const after = await system.run('S3')
  expect([before.status, after.status]).toEqual([200, 200])

  const { view } = readLedger(system.data)
  const [first, second] = view.geneses.map(({ record }) => record)
  expect(view.geneses).toHaveLength(2)
  const closure = view.closures.get(first?.chain ?? '')
  expect(closure).toMatchObject({ sealed: true, size: size + 1 })
  expect(second).toMatchObject({
    n: 2,
    predecessor: { chain: first?.chain, size: closure?.size, root: closure?.root },
  })
  const { findings, leaves, replay } = await audit(system.data)
  expect(findings).toEqual([])
  expect(replay).toEqual({ agree: 2, differ: 0, undecidable: 0, stale: 0 })
  expect(leaves.filter(({ kind }) => kind === 'seal')).toHaveLength(1)
  // A receipt outlives the process that gave it.
  for (const asked of [before, after]) {
    const check = { keys: pinnedKeys(system.data), body: Buffer.from(asked.body) }
    expect(checkReceipt(headerOf(asked, 'exchange-receipt'), check)).toMatchObject({
      kind: 'good',
      level: 'signed, record and body opened',
    })
  }
})

test('a receipt of an earlier chain is had again after restarts, by the parties of the exchange and by nobody else', async () => {
  const system = await started()
  const released = await system.run('S3')
  const denied = await system.run('S3', { headers: { 'Exchange-Purpose': '120' } })
  expect([released.status, denied.status]).toEqual([200, 403])
  for (let start = 0; start < 2; start += 1) {
    await system.stop()
    await system.start()
  }
  const keys = pinnedKeys(system.data)
  const again = async (consumer: string, asked: Asked): Promise<unknown> => {
    const path = `/exchange/receipts/${headerOf(asked, 'exchange-id')}`
    const reply = await system.ask({ consumer, path })
    return reply.status === 200 ? checkReceipt(reply.body, { keys }) : reply.status
  }
  const { consumer } = scenarioNamed('S3')
  const shown = { kind: 'good', level: 'signed, record shown' }
  expect(await again(consumer, released)).toMatchObject({
    ...shown,
    origin: system.gateway.core.ledger.origin.replace(/3$/, '1'),
    record: { exchange: headerOf(released, 'exchange-id'), outcome: 'released' },
  })
  expect(await again(consumer, denied)).toMatchObject({ ...shown, leaf: { kind: 'denial' } })
  // The provider's is the intent.
  expect(await again(ENROLMENT, released)).toMatchObject({ ...shown, leaf: { kind: 'intent' } })
  expect(await again(CITY, released)).toBe(404)
})

test('however often a gateway starts in a day, it publishes the ends of its newest eight chains again, and no more', async () => {
  const system = await started()
  for (let start = 0; start < 10; start += 1) {
    await system.stop()
    await system.start()
  }
  const published = (): readonly string[] =>
    [...readCheckpoints(checkpointsFolder(system.data))].map(({ note }) => note.split('\n')[0]!)
  const { origin } = system.gateway.core.ledger
  await until(() => published().includes(origin), 'its own is published')
  const first = published().length
  await system.stop()
  await system.start()
  const next = system.gateway.core.ledger.origin
  await until(() => published().includes(next), 'its own is published')
  const again = new Set(
    published()
      .slice(first)
      .filter((one) => one.includes('/exchange/')),
  )
  const numbers = [...again].map((one) => Number(one.split('/').at(-1)))
  expect(numbers.toSorted((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12])
}, 60_000)

test('an Idempotency-Key is honoured across restarts: the provider is not asked a second time', async () => {
  const system = await started()
  const headers = { 'Idempotency-Key': '"case-0001"' }
  const first = await system.run('household', { headers })
  expect(told(first)).toEqual([200, ''])
  await system.stop()
  await system.start()
  await system.stop()
  await system.start()
  const again = await system.run('household', { headers })
  expect(told(again)).toEqual([409, 'Client.Request.Repeated'])
  expect(headerOf(again, 'exchange-id')).toBe(headerOf(first, 'exchange-id'))
  expect(headerOf(again, 'exchange-state')).toBe('released')
  expect(system.departments.household.received).toHaveLength(1)
  const other = await system.run('household', { headers: { 'Idempotency-Key': '"case-0002"' } })
  expect(told(other)).toEqual([200, ''])
})

test('nothing new: a restart adds no document and no manifest', async () => {
  const system = await started()
  await system.stop()
  const before = readLedger(system.data).view
  await system.start()
  const after = readLedger(system.data).view
  expect(after.manifests).toEqual(before.manifests)
  expect([...after.revocations.keys()]).toEqual([...before.revocations.keys()])
})

test('a changed document takes force with a new manifest, and decisions name the one that they used', async () => {
  const system = await started()
  await system.run('S3')
  await system.stop()
  change(system, SERVICE, (text) => text.replace('"pattern": "[1-6]"', '"pattern": "[2-6]"'))
  await system.start()
  await system.run('S3')
  const { view } = readLedger(system.data)
  const [old, now] = view.manifests
  expect(view.manifests).toHaveLength(2)
  const { leaves, replay } = await audit(system.data)
  const intents = intentsOf(leaves)
  expect(intents.map(({ heads }) => heads.manifest)).toEqual([old?.index, now?.index])
  expect(new Set(intents.map(({ service }) => service)).size).toBe(2)
  expect(replay).toEqual({ agree: 2, differ: 0, undecidable: 0, stale: 0 })
  // Only what changed was written again.
  const written = now?.documents.filter(
    ({ hash }) => old?.documents.every((one) => one.hash !== hash) === true,
  )
  expect(written?.map(({ id }) => id)).toEqual([SERVICE])
})

test('malformed documents stop the start, every fault is named with its place, and nothing of them takes force', async () => {
  const system = await started()
  await system.stop()
  const before = readLedger(system.data).view
  change(system, SERVICE, (text) => text.replace('"version": 1', '"version": "one"'))
  change(system, 'members/labour.json', (text) => text.replace('"id"', '"ID"'))
  change(system, 'agreements/income-for-social-assistance.json', (text) =>
    text.replace('"grossAmount"', '"payerName"'),
  )
  const fault = await system.start().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(fault).toBeInstanceOf(DocumentsFaulty)
  const message = String(fault)
  expect(message).toContain(SERVICE)
  expect(message).toContain('/version')
  expect(message).toContain('members/labour.json')
  const after = readLedger(system.data).view
  expect(after.manifests).toEqual(before.manifests)
  expect([...after.texts.keys()]).toEqual([...before.texts.keys()])
  expect((await audit(system.data)).findings).toEqual([])
})

test('an agreement that was changed after it was signed stops the start', async () => {
  const system = await started()
  await system.stop()
  change(system, 'agreements/income-for-social-assistance.json', (text) =>
    text.replace('"grossAmount"', '"payerName"'),
  )
  await expect(system.start()).rejects.toThrow('agreements/income-for-social-assistance.json')
})

test('documents that were faulty at the very first start can be mended: the next start is as good as a first', async () => {
  const system = await started({
    prepare: async (data) => {
      const file = join(data, 'documents', SERVICE)
      const good = readFileSync(file)
      writeFileSync(file, '{')
      await expect(startOn(data)).rejects.toThrow(DocumentsFaulty)
      writeFileSync(file, good)
    },
  })
  expect(told(await system.run('S3'))).toEqual([200, ''])
})

function startOn(data: string): ReturnType<typeof startGateway> {
  return startGateway(configFor(data, new Map()), {
    clock: systemClock(),
    chance: systemChance(),
    report: () => undefined,
    onFatal: () => undefined,
    onGateProgress: () => undefined,
  })
}

test.each([
  ['the key store', 'keys.sqlite', 'key store'],
  ['the registrar’s log key', 'registrar-log.key', 'registrar-log.key'],
  ['the gateway’s log key', 'gateway-log.key', 'gateway-log.key'],
])('%s, once lost, is not made anew: the gateway does not start', async (_, name, words) => {
  const system = await started()
  await system.stop()
  const file = join(system.data, 'keys', name)
  expect(existsSync(file)).toBe(true)
  rmSync(file)
  await expect(system.start()).rejects.toThrow(words)
  expect(existsSync(file)).toBe(false)
})

test('another log key in its place is refused: the chain would look forged', async () => {
  const system = await started()
  const other = await started()
  await system.stop()
  await other.stop()
  const key = readFileSync(join(other.data, 'keys', 'registrar-log.key'))
  writeFileSync(join(system.data, 'keys', 'registrar-log.key'), key)
  await expect(system.start()).rejects.toThrow('not signed by the key of this chain')
})

test('two gateways on one folder: the second refuses, the first goes on', async () => {
  const system = await started()
  await expect(startOn(system.data)).rejects.toThrow('in use')
  expect(told(await system.run('S3'))).toEqual([200, ''])
  expect((await audit(system.data)).findings).toEqual([])
})

test('a start that can’t listen lets go of all that it had opened; a stop leaves nothing open either', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  let { port } = taken.address() as AddressInfo
  const [own = 0] = await freePorts(1)
  const health = { host: '127.0.0.1', port: own, ...HEALTH_BOUNDS }
  const isHealthTold = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${String(own)}/livez`).then(
      () => true,
      () => false,
    )
  try {
    const system = await started({
      start: false,
      config: () => ({ health, listen: { host: '127.0.0.1', port } }),
    })
    await expect(system.start()).rejects.toThrow('EADDRINUSE')
    expect(await isHealthTold()).toBe(false)
    port = 0
    await system.start()
    expect([told(await system.run('S3')), await isHealthTold()]).toEqual([[200, ''], true])
    await system.stop()
    expect(await isHealthTold()).toBe(false)
  } finally {
    taken.close()
  }
})

test('a stop finishes what is under way, and waits for nobody who is silent', async () => {
  const system = await started()
  const { enrolment } = system.departments
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { answer } = enrolment
  enrolment.answer = async (received) => {
    await held
    return answer(received)
  }
  const agent = new Agent({ keepAlive: true })
  const { ca, cert, key } = system.world.identityOf('subsystem', LABOUR)
  const { hostname, port } = system.gateway.url
  const silent = connect({ host: hostname, port: Number(port), ca, cert, key })
  silent.on('error', () => undefined)
  try {
    await once(silent, 'secureConnect')
    silent.write('GET /r1/TW HTTP/1.1\r\nX-Ro')
    const asked = system.run('S3', { agent })
    await until(() => enrolment.received.length === 1, 'the provider is asked')
    const began = performance.now()
    const stopped = system.stop()
    release()
    expect(told(await asked)).toEqual([200, ''])
    await stopped
    expect(performance.now() - began).toBeLessThan(5000)
  } finally {
    agent.destroy()
    silent.destroy()
  }
  const { findings, leaves } = await audit(system.data)
  expect(findings).toEqual([])
  expect(leaves.at(-1)?.kind).toBe('seal')
})

test('nothing is left behind in the ledger’s folder but segments, tiles, checkpoints and keys', async () => {
  const system = await started()
  await system.run('S3')
  await system.stop()
  const names = readdirSync(join(system.data, 'ledger'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
  for (const name of names)
    expect(name).toMatch(/^(\d{8}\.seg|\d{12}\.lines|keys\.txt|[0-9a-zA-Z.-]+\.tile)$/)
})
