/** `gongdao serve` as an operator has it: a process, a file, signals, and what it says. */
import { createServer, type Server } from 'node:https'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { EXAMPLE } from '../../deploy/config/example.ts'
import { readConfig } from '../../deploy/config/read-config.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { freePorts } from '../../deploy/services/free-ports.ts'
import { prepareWorld, type DemoWorld } from '../../deploy/demo/prepare-world.ts'
import { systemClock } from '../../deploy/system.ts'
import { audit } from '../harness/audit.ts'
import { gongdao, startGongdao, type Running } from '../harness/command.ts'
import { ENROLMENT } from '../harness/departments.ts'
import { GATE_CACHE } from '../harness/gate-cache.ts'
import { ask, GATEWAY, LABOUR, newDataFolder, scenarioNamed } from '../harness/system.ts'
import { until } from '../harness/until.ts'

let data: string
let config: string
let world: DemoWorld
let provider: Server
/** Answers of the provider that are held until they are released. */
let waiting: (() => void)[] = []
let holds = false

beforeAll(async () => {
  data = await newDataFolder()
  world = await prepareWorld(data, GATEWAY, systemClock().now())
  provider = createServer(
    { ...world.identityOf('subsystem', ENROLMENT), requestCert: true },
    (request, response) => {
      const { pathname } = new URL(request.url ?? '', 'https://x.invalid')
      const subjectId = pathname.split('/').at(-1)
      const answer = (): void => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ subjectId, isInsured: true, insuredCategory: '1' }))
      }
      if (holds) waiting.push(answer)
      else answer()
    },
  )
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  config = join(data, 'gateway.json')
  write({})
})

afterEach(() => {
  holds = false
  waiting = []
})

afterAll(() => {
  provider.closeAllConnections()
  provider.close()
  rmSync(data, { recursive: true, force: true })
})

function write(changes: object): void {
  const { port } = provider.address() as AddressInfo
  const all = {
    data,
    cache: GATE_CACHE,
    gateway: GATEWAY,
    listen: { host: '127.0.0.1', port: 0 },
    addresses: { [ENROLMENT]: `https://127.0.0.1:${String(port)}` },
    syntheticIds: true,
    revocationGraceMs: 3_600_000,
    stop: { finishWithinMs: 5_000 },
    health: { port: 0 },
    ...changes,
  }
  writeFileSync(config, JSON.stringify(all))
}

interface Served {
  readonly running: Running
  readonly url: URL
  readonly health: URL
}

async function serve(): Promise<Served> {
  const running = startGongdao('serve', '--config', config, '--json')
  const isUp = (): boolean => running.out().includes('"ready"') || running.child.exitCode !== null
  await until(isUp, 'it is ready')
  if (!running.out().includes('"ready"')) throw new Error((await running.ended).error)
  const [line = '{}'] = running.out().split('\n')
  const { health, url } = JSON.parse(line) as { readonly health: string; readonly url: string }
  return { running, url: new URL(url), health: new URL(health) }
}

function asked(url: URL): ReturnType<typeof ask> {
  return ask(url, world.identityOf('subsystem', LABOUR), scenarioNamed('S3'))
}

/** A start after whatever was before: it answers, stops in good order, and its ledger is whole. */
async function servesAndStops(): Promise<void> {
  const { running, url } = await serve()
  expect((await asked(url)).status).toBe(200)
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
  expect((await audit(data)).findings).toEqual([])
}

function events({ running }: Served): readonly string[] {
  const lines = running.out().trim().split('\n')
  return lines.map((line) => (JSON.parse(line) as { readonly event: string }).event)
}

describe('one that is up', () => {
  let served: Served
  beforeAll(async () => {
    write({})
    served = await serve()
  }, 60_000)
  afterAll(async () => {
    served.running.child.kill('SIGKILL')
    await served.running.ended
  })

  test('answers, says so, and says what it is like: as a table, as JSON, and for a supervisor', async () => {
    expect(await asked(served.url)).toMatchObject({ status: 200 })
    const text = await fetch(new URL('/readyz', served.health))
    expect([text.status, text.headers.get('content-type')]).toEqual([
      200,
      'text/plain; charset=utf-8',
    ])
    expect(await text.text()).toMatch(/^ok +gateway +\d+s +it takes requests$/m)
    const json = await fetch(new URL('/readyz', served.health), {
      headers: { accept: 'application/json' },
    })
    const { checks, state } = (await json.json()) as {
      readonly state: string
      readonly checks: readonly { readonly name: string }[]
    }
    expect(state).not.toBe('failing')
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        ...['gateway', 'event loop', 'ledger', 'disk', 'revocation list', 'certificates'],
        ...['key store', 'providers', 'reload'],
      ]),
    )
    expect((await fetch(new URL('/livez', served.health))).status).toBe(200)
    expect((await fetch(new URL('/else', served.health))).status).toBe(404)
  })

  test('is seen by gongdao status, which ends by its state', async () => {
    const seen = await gongdao('status', '--url', served.health.href)
    expect([seen.code, seen.error]).toEqual([seen.out.includes('degraded') ? 1 : 0, ''])
    expect(seen.out).toMatch(/^ok +ledger +\d+s +it records$/m)
    const json = await gongdao('status', '--url', served.health.href, '--json')
    expect(JSON.parse(json.out)).toHaveProperty('checks')
  })

  test('reads again at SIGHUP, refuses what is bad, and goes on', async () => {
    const file = join(data, 'documents/services/nhi-enrolment.json')
    const good = readFileSync(file, 'utf8')
    writeFileSync(file, good.replace('"version": 1', '"version": "one"'))
    served.running.child.kill('SIGHUP')
    const degraded = async (): Promise<boolean> =>
      (await (await fetch(new URL('/readyz', served.health))).text()).includes('degraded  reload')
    await until(degraded, 'it has refused')
    expect((await asked(served.url)).status).toBe(200)
    writeFileSync(file, good.replace('"pattern": "[1-6]"', '"pattern": "[1-7]"'))
    served.running.child.kill('SIGHUP')
    await until(async () => !(await degraded()), 'it has taken it')
    expect((await asked(served.url)).status).toBe(200)
    expect(readLedger(data).view.manifests).toHaveLength(2)
  })
})

test('SIGTERM: what is under way is answered, the chain is sealed, it ends with 0', async () => {
  write({})
  const served = await serve()
  holds = true
  const slow = asked(served.url)
  await until(() => waiting.length === 1, 'the provider is asked')
  served.running.child.kill('SIGTERM')
  await until(() => events(served).includes('stopping'), 'it stops')
  await until(
    async () => (await fetch(new URL('/readyz', served.health))).status === 503,
    'it says that it stops',
  )
  await expect(asked(served.url)).rejects.toThrow('ECONNREFUSED')
  waiting[0]?.()
  expect((await slow).status).toBe(200)
  expect((await served.running.ended).code).toBe(0)
  expect(events(served)).toEqual(['ready', 'stopping', 'stopped'])
  const { findings, leaves } = await audit(data)
  expect(findings).toEqual([])
  expect(leaves.at(-1)?.kind).toBe('seal')
}, 60_000)

test('what does not finish within the bound is broken off with its outcome, and the chain is sealed all the same', async () => {
  write({ stop: { finishWithinMs: 300 } })
  const served = await serve()
  holds = true
  const slow = asked(served.url).catch(() => 'cut off')
  await until(() => waiting.length === 1, 'the provider is asked')
  const began = performance.now()
  served.running.child.kill('SIGTERM')
  expect((await served.running.ended).code).toBe(0)
  expect(performance.now() - began).toBeLessThan(5000)
  expect(await slow).toBe('cut off')
  const { findings, leaves } = await audit(data)
  expect(findings).toEqual([])
  expect(leaves.slice(-2).map(({ kind }) => kind)).toEqual(['outcome', 'seal'])
  expect(leaves.at(-2)?.record).toMatchObject({
    outcome: 'unanswered',
    reason: 'Server.Stopped',
  })
}, 60_000)

test('SIGTERM before it is ready: it ends, says so, and the next start goes on from there', async () => {
  const [port = 0] = await freePorts(1)
  const key = EXAMPLE.witnesses?.witnesses[0]?.key
  const witness = { key, url: 'https://127.0.0.1:9' }
  // Nothing is recorded before its genesis is cosigned, which it never is.
  write({ health: { port }, witnesses: { require: 1, witnesses: [witness] } })
  const running = startGongdao('serve', '--config', config, '--json')
  const isStarting = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${String(port)}/readyz`).then(
      async (answer) => (await answer.text()).includes('it is starting'),
      () => false,
    )
  await until(isStarting, 'it starts')
  running.child.kill('SIGTERM')
  const { code, error, out } = await running.ended
  expect([code, out]).toEqual([0, ''])
  expect(error).toContain('SIGTERM came before the gateway was ready: it ends')
  write({})
  await servesAndStops()
}, 60_000)

test('a second signal ends it at once, not with 0; the next start recovers', async () => {
  write({})
  const served = await serve()
  holds = true
  const slow = asked(served.url).catch(() => 'cut off')
  await until(() => waiting.length === 1, 'the provider is asked')
  served.running.child.kill('SIGTERM')
  await until(() => events(served).includes('stopping'), 'it stops')
  served.running.child.kill('SIGINT')
  const ended = await served.running.ended
  expect(ended.code).toBe(1)
  expect(ended.error).toContain('a second time')
  expect(await slow).toBe('cut off')

  holds = false
  await servesAndStops()
}, 60_000)

test('whoever reads its lines may go away: the gateway stays', async () => {
  write({})
  const served = await serve()
  served.running.child.stdout?.destroy()
  served.running.child.stderr?.destroy()
  served.running.child.kill('SIGHUP')
  await until(
    async () =>
      (await (await fetch(new URL('/readyz', served.health))).text()).includes('read again'),
    'it has read again',
  )
  expect((await asked(served.url)).status).toBe(200)
  served.running.child.kill('SIGTERM')
  expect((await served.running.ended).code).toBe(0)
}, 60_000)

test('a gateway that cannot start ends and says why: a port that is taken, a folder without certificates', async () => {
  const { port } = provider.address() as AddressInfo
  write({ listen: { host: '127.0.0.1', port } })
  const taken = await gongdao('serve', '--config', config)
  expect([taken.code, taken.out]).toEqual([1, ''])
  expect(taken.error).toContain('it could not start: listen EADDRINUSE')
  const nowhere = join(data, 'empty')
  const empty = await gongdao('serve', '--config', config, '--data', nowhere)
  expect(empty.code).toBe(1)
  expect(empty.error).toContain('gongdao certs init')
  // What had been opened was closed again: nothing holds the folder.
  write({})
  await servesAndStops()
}, 60_000)

test('without starting: the example, a check, and what is faulty or missing is told plainly', async () => {
  write({ listen: { host: '127.0.0.1', port: 'any' }, limit: {} })
  const faulty = config
  const good = join(data, 'good.json')
  // Its log is to stand in a folder that is not there.
  writeFileSync(
    good,
    JSON.stringify({ ...EXAMPLE, telemetry: { log: { file: join(data, 'no/log') } } }),
  )
  const nowhere = join(data, 'nowhere')
  const [example, checked, refused, ...missing] = await Promise.all([
    gongdao('serve', '--print-example'),
    gongdao('serve', '--config', good, '--data', nowhere, '--check'),
    gongdao('serve', '--config', faulty),
    gongdao('serve'),
    gongdao('serve', '--config', 'no-such-file.json'),
    gongdao('status'),
    gongdao('status', '--url', 'http://127.0.0.1:9'),
    gongdao('status', '--url', 'gateway-1'),
    gongdao('status', '--config', 'no-such-file.json'),
    gongdao('serve', '--config', good, '--data', nowhere),
  ])
  expect(readConfig(example.out).kind).toBe('read')
  expect([checked.code, checked.error, existsSync(nowhere)]).toEqual([0, '', false])

  expect([refused.code, refused.out]).toEqual([1, ''])
  expect(refused.error).toContain('2 fault(s)')
  expect(refused.error).toContain('/listen/port is wrong; write: a port')
  expect(refused.error).toContain('/limit is not known')

  expect(missing.map(({ code }) => code)).toEqual([1, 1, 1, 3, 1, 1, 1])
  const told = [
    ...['--print-example', "can't be read", 'status needs', 'no gateway tells its health'],
    ...['gateway-1 is no URL', "can't be read", "telemetry.log.file can't be opened"],
  ]
  for (const [at, words] of told.entries()) {
    expect(missing[at]?.error).toContain(words)
    expect(missing[at]?.error).not.toMatch(/\n {4}at /)
  }
}, 60_000)
