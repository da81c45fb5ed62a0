/** The operator's log: what is written of each event, for whom, and what happens where nothing can be written. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { lineOf } from '../../../adapters/log-pino/lines.ts'
import { LEVELS, type Level } from '../../../adapters/log-pino/levels.ts'
import { openLog, type Log } from '../../../adapters/log-pino/open-log.ts'
import { LedgerFault } from '../../../gateway/ledger/chain.ts'
import type { TelemetryEvent } from '../../../gateway/ports/telemetry.ts'
import { REFUSALS, type Refusal } from '../../../policies/refusal.ts'
import { MemberId } from '../../../policies/vocabulary.ts'
import { enrolment, income } from '../../harness/calls.ts'
import { until } from '../../harness/until.ts'
import { makeWorld } from '../../harness/world.ts'

const NOW = (): number => performance.now()
const GATEWAY = 'TW/GOV/GONGDAO/gateway-1'
const LABOUR = MemberId.parse('TW/GOV/A17000000J')

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-log-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function logTo(to: string | number, level: Level = 'debug'): Log {
  return openLog({ level, to, gateway: GATEWAY, now: NOW })
}

type Written = Readonly<Record<string, unknown>>

function linesIn(file: string): Written[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Written)
}

async function written(events: readonly TelemetryEvent[], level?: Level): Promise<Written[]> {
  const file = join(folder, 'log')
  const log = logTo(file, level)
  for (const event of events) log.tell(event)
  await log.close()
  return linesIn(file)
}

function notice(sentence: string): TelemetryEvent {
  return { kind: 'notice', urgency: 'today', sentence }
}

describe('a line', () => {
  test('for each exchange: its id, its code, its service, and no member of an outsider', async () => {
    const file = join(folder, 'log')
    const log = logTo(file)
    const telemetry = { now: NOW, tell: log.tell, sampling: 1 }
    const world = makeWorld({ telemetry })
    const headers = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }
    await world.exchange(enrolment({ headers }))
    await world.exchange(income({ headers: { 'Exchange-Purpose': '120' } }))
    await log.close()
    const [released, denied, ...others] = linesIn(file)
    expect(others).toEqual([])
    const intent = world.leaves('intent')[0]!.record
    expect(released).toMatchObject({
      level: 'info',
      gateway: GATEWAY,
      event: 'exchange',
      exchange: intent.exchange,
      span: intent.span,
      service: 'TW/GOV/A21030000I/nhi-enrolment/enrolment',
      purpose: '031',
      verdict: 'permit',
      outcome: 'released',
      status: 200,
      msg: 'released',
    })
    expect(Date.parse(String(released!['time']))).toBeGreaterThan(Date.now() - 60_000)
    expect(denied).toMatchObject({ level: 'info', verdict: 'deny', status: 403 })
    expect(denied!['code']).toMatch(/^Client\.Policy\./)
    expect(readFileSync(file, 'utf8')).not.toContain('4bf92f35')
  })

  test('that ended before a decision is one line, and of many the same a few', async () => {
    const file = join(folder, 'log')
    const log = openLog({ level: 'info', to: file, gateway: GATEWAY, now: () => 0 })
    const telemetry = { now: NOW, tell: log.tell, sampling: 1 }
    const world = makeWorld({ telemetry })
    const refused = (code: Refusal): void => {
      log.tell({ kind: 'refused', code, member: LABOUR, by: 'steps' })
    }
    const unknown = enrolment({ path: '/r1/TW/GOV/NOBODY/nothing/at-all' })
    for (let count = 0; count < 30; count += 1) {
      refused('Client.Request.UnknownService')
      await world.exchange(unknown)
    }
    await world.exchange(enrolment({}))
    await log.close()
    const lines = linesIn(file)
    expect(lines.map(({ event }) => event)).toEqual(Array.from({ length: 11 }, () => 'exchange'))
    expect(lines[0]).toMatchObject({ level: 'info', status: 404 })
    expect(lines[10]).toMatchObject({ outcome: 'released' })
  })

  test('has a level by who must act', () => {
    const all = new Set(LEVELS)
    const levelOf = (code: Refusal): Level | undefined =>
      lineOf({ kind: 'refused', code, member: 'nobody', by: 'door' }, all)?.level
    expect(levelOf('Client.Policy.NoBasis')).toBe('info')
    expect(levelOf('Client.Identity.CertificateExpired')).toBe('info')
    expect(levelOf('Server.Stopping')).toBe('info')
    expect(levelOf('Server.Provider.Timeout')).toBe('warn')
    expect(levelOf('Server.Overloaded')).toBe('warn')
    expect(levelOf('Server.Ledger.Unavailable')).toBe('error')
    expect(levelOf('Server.Keys.Unavailable')).toBe('error')
    expect(levelOf('Server.Identity.RevocationListStale')).toBe('error')
    expect(levelOf('Server.Internal')).toBe('error')
  })

  test('of a code that the operator can mend says what to do', () => {
    const all = new Set(LEVELS)
    for (const code of Object.keys(REFUSALS) as Refusal[]) {
      const line = lineOf({ kind: 'refused', code, member: LABOUR, by: 'door' }, all)!
      const says = line.words.includes(': ')
      // These are mended by waiting, or by whoever changed something.
      const mendsItself = ['Server.Registry.Changed', 'Server.Stopping', 'Server.Provider.Refused']
      expect([code, says]).toEqual([
        code,
        code.startsWith('Server.') && !mendsItself.includes(code),
      ])
    }
  })

  test('is not written below its level, and costs no line', async () => {
    const events = [notice('one'), { ...notice('two'), urgency: 'nobody' } as TelemetryEvent]
    const lines = await written(events, 'warn')
    expect(lines.map(({ msg }) => msg)).toEqual(['one'])
  })

  test('stays one line whatever stands in it', async () => {
    const lines = await written([notice('a\n{"level":"fatal"}\u2028\u0000\u001b[31m"')])
    expect(lines).toHaveLength(1)
    expect(readFileSync(join(folder, 'log'), 'utf8')).not.toContain('\u001b')
  })

  test('of a fault has its place, and no words that could quote a request', async () => {
    function parsing(): unknown {
      try {
        return JSON.parse('{"subjectId":"A000000018')
      } catch (fault) {
        return fault
      }
    }
    const faults = [new LedgerFault('the journal failed'), parsing(), 'A000000018']
    const lines = await written(
      faults.map((fault) => ({ kind: 'fault', fault, exchange: undefined })),
    )
    expect(lines.map(({ msg }) => msg)).toEqual([
      'LedgerFault: the journal failed',
      expect.stringContaining('SyntaxError: (message left out'),
      expect.stringContaining('a thrown value'),
    ])
    expect(String((lines[0]!['frames'] as string[])[0])).toContain('open-log.test.ts')
    expect(JSON.stringify(lines)).not.toContain('A000000018')
  })
})

test('refusals at the door are thinned: ten of a code a second, and how many were left out', async () => {
  let now = 0
  const file = join(folder, 'log')
  const log = openLog({ level: 'info', to: file, gateway: GATEWAY, now: () => now })
  const knock = (code: Refusal): void =>
    log.tell({ kind: 'refused', code, member: 'nobody', by: 'door' })
  for (let count = 0; count < 1_000; count += 1) knock('Client.Identity.CertificateMissing')
  knock('Client.Request.Malformed')
  now = 1_000
  knock('Client.Identity.CertificateMissing')
  await log.close()
  const lines = linesIn(file)
  expect(lines).toHaveLength(12)
  expect(lines[10]).toMatchObject({ code: 'Client.Request.Malformed' })
  expect(lines[11]).toMatchObject({ notWritten: 990 })
})

describe('where nothing can be written', () => {
  test('a disk that is full costs lines, which are counted, and nothing else', async () => {
    const log = logTo('/dev/full')
    const long = 'x'.repeat(1_000)
    for (let count = 0; count < 6_000; count += 1) log.tell(notice(long))
    await until(() => log.dropped() > 0, 'lines are dropped')
    log.tell({ kind: 'notice', urgency: 'now', sentence: 'the last words' })
    log.flushNow()
    const began = performance.now()
    await log.close()
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(log.dropped()).toBeGreaterThan(1_000)
  })

  test('a file that cannot be opened stops the start: somebody is there to mend it', () => {
    expect(() => logTo(join(folder, 'no', 'such', 'folder'))).toThrow('ENOENT')
  })

  test('a pipe whose reader sleeps is not waited for, by the last words either', () => {
    const program = fileURLToPath(new URL('sleeping-reader.program.ts', import.meta.url))
    // A pipe of the shell, since Node would make a socket of it.
    const { stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${program}" | sleep 4`], {
      timeout: 20_000,
      encoding: 'utf8',
    })
    const { dropped, milliseconds } = JSON.parse(stderr) as Record<string, number>
    expect(milliseconds).toBeLessThan(2_000)
    expect(dropped).toBeGreaterThan(1_000)
  }, 30_000)
})

test('the last words are on the disk when the call returns', () => {
  const file = join(folder, 'log')
  writeFileSync(file, '')
  const log = logTo(openSync(file, 'a'))
  log.tell({ kind: 'notice', urgency: 'now', sentence: 'the journal failed' })
  log.flushNow()
  expect(linesIn(file)).toMatchObject([{ level: 'fatal', msg: 'the journal failed' }])
})

test('the last words of a process that was silent for long are on the disk too', () => {
  let milliseconds = 0
  const file = join(folder, 'log')
  const log = openLog({ level: 'info', to: file, gateway: GATEWAY, now: () => milliseconds })
  milliseconds += 60_000
  // More than one write takes.
  for (let count = 0; count < 100; count += 1) log.tell(notice('x'.repeat(1_000)))
  log.tell({ kind: 'notice', urgency: 'now', sentence: 'the journal failed' })
  log.flushNow()
  expect(linesIn(file).at(-1)).toMatchObject({ level: 'fatal', msg: 'the journal failed' })
})

test('the last words are on the disk as well where other lines are being written in the background', async () => {
  const file = join(folder, 'log')
  const log = logTo(file)
  for (let count = 0; count < 50; count += 1) log.tell(notice('x'.repeat(5_000)))
  log.tell({ kind: 'notice', urgency: 'now', sentence: 'the journal failed' })
  log.flushNow()
  expect(readFileSync(file, 'utf8')).toContain('the journal failed')
  await log.close()
  expect(linesIn(file)).toHaveLength(51)
})
