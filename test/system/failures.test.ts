/** Design §6, row by row, as the person sees it who has to mend it: what readiness says, and whether the next step is plain. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'
import type { HealthCheck } from '../../gateway/ports/health.ts'
import { audit } from '../harness/audit.ts'
import { start, type Running } from '../harness/command.ts'
import { GATE_CACHE } from '../harness/gate-cache.ts'
import { samplesIn, sumOf, type Sample } from '../harness/prometheus.ts'
import {
  ask,
  GATEWAY,
  headerOf,
  scenarioNamed,
  startSystem,
  type System,
} from '../harness/system.ts'
import { until } from '../harness/until.ts'

const SABOTAGE = fileURLToPath(new URL('../harness/sabotage.program.ts', import.meta.url))
const DAY_MS = 86_400_000

let system: System | undefined
let served: Running | undefined

afterEach(async () => {
  served?.child.kill('SIGKILL')
  await served?.ended
  served = undefined
  await system?.[Symbol.asyncDispose]()
  system = undefined
})

interface Ready {
  readonly state: string
  readonly checks: readonly HealthCheck[]
}

function partOf({ checks }: Ready, name: string): HealthCheck {
  const found = checks.find((check) => check.name === name)
  if (found === undefined) throw new Error(`nobody looks at ${name}`)
  return found
}

function inProcess(of: System): Ready {
  return of.gateway.health.health.report()
}

function told(asked: Awaited<ReturnType<System['run']>>): readonly [number, string] {
  return [asked.status, headerOf(asked, 'x-road-error')]
}

test('a revocation list that is too old refuses everybody; before that it is told what to do, and until when', async () => {
  system = await startSystem({ revocationGraceMs: 2 * DAY_MS })
  expect(partOf(inProcess(system), 'revocation list')).toMatchObject({ state: 'ok' })
  // The list of a demo is good for 30 days.
  system.clockAheadMs = 31 * DAY_MS
  expect((await system.run('S3')).status).toBe(200)
  const late = partOf(inProcess(system), 'revocation list')
  expect(late).toMatchObject({ state: 'degraded' })
  expect(late.words).toMatch(
    /should have been followed \d+ h ago; in \d+ h every certificate is ref/,
  )
  expect(inProcess(system).state).toBe('degraded')

  system.clockAheadMs = 33 * DAY_MS
  expect(told(await system.run('S3'))).toEqual([503, 'Server.Identity.RevocationListStale'])
  const stale = partOf(inProcess(system), 'revocation list')
  expect(stale).toMatchObject({ state: 'failing' })
  expect(stale.whatToDo).toContain('gongdao certs crl')
  expect(inProcess(system).state).toBe('failing')
  const { reports } = system
  const isSaid = (): boolean =>
    reports.some((said) => said.startsWith('revocation list failing') && said.includes('certs crl'))
  await until(isSaid, 'it is said without anybody asking')
})

test('a new revocation list that can not be used is told until it can; the one before stays in force', async () => {
  system = await startSystem()
  const file = join(system.data, 'certs/crl.pem')
  const good = readFileSync(file)
  for (const [spoil, words] of [
    [() => writeFileSync(file, 'not a list'), "its file can't be used: "],
    [() => renameSync(file, `${file}.away`), 'the revocation list is gone'],
  ] as const) {
    spoil()
    expect((await system.run('S3')).status).toBe(200)
    const told = partOf(inProcess(system), 'revocation list')
    expect(told).toMatchObject({ state: 'degraded' })
    expect(told.words).toContain(words)
    expect(told.whatToDo).toContain('gongdao certs crl')
    writeFileSync(file, good)
    expect(partOf(inProcess(system), 'revocation list')).toMatchObject({ state: 'ok' })
  }
})

test('a certificate that ends is told weeks before, and when it has ended', async () => {
  system = await startSystem({ revocationGraceMs: 7 * DAY_MS })
  expect(partOf(inProcess(system), 'certificates')).toMatchObject({ state: 'ok' })
  system.clockAheadMs = 350 * DAY_MS
  expect(partOf(inProcess(system), 'certificates')).toMatchObject({ state: 'degraded' })
  system.clockAheadMs = 366 * DAY_MS
  const ended = partOf(inProcess(system), 'certificates')
  expect(ended).toMatchObject({ state: 'failing' })
  expect(ended.whatToDo).toContain('SIGHUP')
})

test('a key store whose file is gone refuses whoever is new, says so, and says where to get it back from', async () => {
  system = await startSystem()
  const file = join(system.data, 'keys/keys.sqlite')
  renameSync(file, `${file}.away`)
  expect(told(await system.run('S3'))).toEqual([503, 'Server.Keys.Unavailable'])
  const keys = partOf(inProcess(system), 'key store')
  expect(keys).toMatchObject({ state: 'failing', words: 'the file of the key store is gone' })
  expect(keys.whatToDo).toContain('restore keys.sqlite')
  renameSync(`${file}.away`, file)
})

test('a key store that another process holds stops the start with a sentence', async () => {
  system = await startSystem()
  await system.stop()
  const other = new DatabaseSync(join(system.data, 'keys/keys.sqlite'))
  other.exec('BEGIN EXCLUSIVE')
  await expect(system.start()).rejects.toThrow('another process has the key store open')
  other.close()
  await system.start()
  expect((await system.run('S3')).status).toBe(200)
})

test('a small disk is told while there is still room', async () => {
  system = await startSystem({
    config: () => ({
      health: {
        host: '127.0.0.1',
        port: 0,
        diskFreeBytes: 2 ** 50,
        certificateWarningMs: DAY_MS,
        eventLoopMs: 250,
      },
    }),
  })
  expect(partOf(inProcess(system), 'disk')).toMatchObject({ state: 'degraded' })
  expect(inProcess(system).state).toBe('degraded')
})

test('since when something is wrong is told, not since when somebody looks', async () => {
  system = await startSystem({ revocationGraceMs: 7 * DAY_MS })
  system.clockAheadMs = 31 * DAY_MS
  const first = partOf(inProcess(system), 'revocation list').since
  system.clockAheadMs += 3_600_000
  expect(partOf(inProcess(system), 'revocation list').since).toBe(first)
  system.clockAheadMs = 0
  expect(partOf(inProcess(system), 'revocation list').since).toBeLessThan(first)
})

interface Spoilt {
  readonly running: Running
  readonly url: URL
  readonly health: URL
  readonly agent: Agent
  spoil(): void
  ask(): Promise<readonly [number, string]>
  ready(): Promise<Ready>
  metrics(): Promise<readonly Sample[]>
}

function configFile(data: string, addresses: object = {}): string {
  const file = join(data, 'gateway.json')
  const content = {
    ...{ data, cache: GATE_CACHE, gateway: GATEWAY, addresses },
    listen: { host: '127.0.0.1', port: 0 },
    syntheticIds: true,
    revocationGraceMs: 3_600_000,
    stop: { finishWithinMs: 500 },
    health: { port: 0 },
    telemetry: { log: { file: join(data, 'log') } },
  }
  writeFileSync(file, JSON.stringify(content))
  return file
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

/** `gongdao serve`, whose disk fails as told once it is told to. */
async function spoilt(kind: 'sync' | 'hang' | 'full'): Promise<Spoilt> {
  system = await startSystem({ start: false })
  const { data, departments, world } = system
  const file = configFile(data, Object.fromEntries(departments.addresses))
  const words = ['--import', SABOTAGE, 'deploy/gongdao.ts', 'serve', '--config', file, '--json']
  const running = start('env', [`GONGDAO_SABOTAGE=${kind}`, process.execPath, ...words])
  served = running
  await until(() => running.out().includes('"ready"') || running.child.exitCode !== null, 'ready')
  const [line = '{}'] = running.out().split('\n')
  const { health, url } = JSON.parse(line) as { readonly health: string; readonly url: string }
  const agent = new Agent({ keepAlive: true })
  const scenario = scenarioNamed('S3')
  return {
    running,
    url: new URL(url),
    health: new URL(health),
    agent,
    spoil: () => running.child.kill('SIGUSR2'),
    ask: async () =>
      told(
        await ask(new URL(url), world.identityOf('subsystem', scenario.consumer), {
          ...scenario,
          agent,
        }),
      ),
    ready: async () => {
      const answer = await fetch(new URL('/readyz', health), {
        headers: { accept: 'application/json' },
      })
      const ready = (await answer.json()) as Ready
      expect(answer.status).toBe(ready.state === 'failing' ? 503 : 200)
      return ready
    },
    metrics: async () => samplesIn(await (await fetch(new URL('/metrics', health))).text()),
  }
}

/** Of its log. */
function lastLine(of: System | undefined): unknown {
  const log = readFileSync(join(of?.data ?? '', 'log'), 'utf8')
  return JSON.parse(log.trim().split('\n').at(-1) ?? '')
}

test('a full disk: new exchanges get 503, readiness says why and what to do, and it stops in good order', async () => {
  const { agent, ask: asked, metrics, ready, running, spoil } = await spoilt('full')
  expect(await asked()).toEqual([200, ''])
  spoil()
  let last: readonly [number, string] = [200, '']
  const caller = async (): Promise<void> => {
    while (last[0] === 200) last = await asked()
  }
  await Promise.all(Array.from({ length: 16 }, caller))
  expect(last).toEqual([503, 'Server.Ledger.Unavailable'])
  const ledger = partOf(await ready(), 'ledger')
  expect(ledger).toMatchObject({
    state: 'failing',
    words: 'nothing new can be recorded: the disk is full',
  })
  expect(ledger.whatToDo).toContain('Make room below the data folder')
  // What GongdaoLedgerRefuses and GongdaoHealthFailing look at.
  const samples = await metrics()
  expect(sumOf(samples, 'gongdao_ledger_accepts_ratio')).toBe(0)
  expect(sumOf(samples, 'gongdao_health_failing')).toBeGreaterThan(0)
  agent.destroy()
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
  expect((await audit(system?.data ?? '')).findings).toEqual([])
}, 60_000)

test('an fdatasync that fails ends the process with a plain last word, and the next start recovers', async () => {
  const { agent, ask: asked, metrics, running, spoil } = await spoilt('sync')
  expect(await asked()).toEqual([200, ''])
  spoil()
  // A question may overtake the signal.
  while (!hasEnded(running.child)) await asked().catch(() => undefined)
  const { code, error } = await running.ended
  agent.destroy()
  expect(code).toBe(70)
  const words = error.trim().split('\n').at(-1) ?? ''
  expect(words).toContain('the journal failed')
  expect(words).toContain('start it again')
  expect(error).not.toMatch(/\n {4}at /)
  expect(lastLine(system)).toMatchObject({ level: 'fatal', gateway: GATEWAY })
  // Prometheus's `up` is 0: GongdaoDown.
  await expect(metrics()).rejects.toThrow('fetch failed')
  await system?.start()
  expect((await system?.run('S3'))?.status).toBe(200)
  await system?.stop()
  expect((await audit(system?.data ?? '')).findings).toEqual([])
}, 60_000)

test('a disk that does not answer: readiness says so after a while, and a second signal ends the process', async () => {
  const { agent, ask: asked, metrics, ready, running, spoil } = await spoilt('hang')
  expect(await asked()).toEqual([200, ''])
  spoil()
  const waiting = Array.from({ length: 3 }, () => asked().catch(() => 'cut off'))
  await until(async () => partOf(await ready(), 'ledger').state === 'ok', 'not yet')
  for (let tries = 0; tries < 2; tries += 1) {
    const more = asked().catch(() => 'cut off')
    waiting.push(more)
    const failing = async (): Promise<boolean> => (await ready()).state === 'failing'
    await until(failing, 'it is noticed', { within: 10_000 }).catch(() => undefined)
  }
  const ledger = partOf(await ready(), 'ledger')
  expect(ledger).toMatchObject({ state: 'failing' })
  expect(ledger.words).toMatch(/^records have waited for \d+ s and none was written$/)
  // GongdaoLedgerQueueOld.
  expect(sumOf(await metrics(), 'gongdao_ledger_queue_age_seconds')).toBeGreaterThan(2)
  running.child.kill('SIGTERM')
  await until(() => running.out().includes('"stopping"'), 'it stops')
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(1)
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'cut off'))
  agent.destroy()
}, 60_000)
