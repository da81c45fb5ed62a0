/** The officers' side of a gateway: what is kept up at the start and each minute, and in which order it closes. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { knockAtDutyDoor } from '../../adapters/duty-socket/duty-socket.ts'
import type { Saying } from '../../deploy/duties/duties.ts'
import { writeOfficers } from '../../deploy/duties/officers-file.ts'
import { openDuties } from '../../deploy/open-duties.ts'
import type { Recorded } from '../../gateway/ledger/entry.ts'
import type { Urgency } from '../../gateway/ports/telemetry.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { appointOfficers, OFFICERS, order } from '../erasure/officers.ts'
import { askAboutHer, HER } from '../erasure/about-her.ts'
import { startSystem } from '../harness/system.ts'
import { until } from '../harness/until.ts'

const MINUTE = 60_000
const BACKUP = '019a3c5e-7b1d-7c3e-8f00-1234567890ab'

let data: string
let reports: (readonly [string, Urgency | undefined])[]
/** What the registry was handed, each until it is let through. */
let appended: (() => void)[]
let close: (() => Promise<void>) | undefined

beforeEach(() => {
  // A minute is a call; everything else takes its time.
  jest.useFakeTimers({
    doNotFake: [
      ...(['nextTick', 'setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] as const),
      ...(['Date', 'performance', 'queueMicrotask', 'hrtime'] as const),
    ],
  })
  data = mkdtempSync(join(tmpdir(), 'gongdao-duties-'))
  mkdirSync(join(data, 'keys'))
  reports = []
  appended = []
  close = undefined
})

afterEach(async () => {
  jest.useRealTimers()
  const closing = close?.()
  for (const letThrough of appended) letThrough()
  await closing
  rmSync(data, { recursive: true })
})

async function open(): Promise<void> {
  const chain = {
    origin: 'T/registry',
    append: () =>
      new Promise<Recorded>((resolve) => {
        appended.push(() => {
          resolve({ index: 0 } as Recorded)
        })
      }),
  }
  const registry = { chain, view: new RegistryView(), sha256: () => 'x' }
  const host = { data, registry, ...{ instance: 'T', gateway: 'T/GOV/A/gw1', keys: {} } }
  close = await openDuties({
    ...host,
    clock: { now: () => Instant.ofMilliseconds(Date.now()) },
    ledger: chain,
    report: (sentence: string, urgency?: Urgency) => reports.push([sentence, urgency]),
  } as never)
}

async function aMinute(): Promise<void> {
  jest.advanceTimersByTime(MINUTE)
  for (let turn = 0; turn < 5; turn += 1) await nextTurn()
}

function backup(expires: number): string {
  mkdirSync(join(data, 'keys/backups'), { recursive: true })
  const file = join(data, `keys/backups/${BACKUP}.json`)
  writeFileSync(file, JSON.stringify({ expires, key: 'x' }))
  return file
}

test('before the door opens everything is kept up: expired backups, and the officers’ list on record', async () => {
  const file = backup(Date.now() - 1)
  appointOfficers(data)
  const opening = open()
  await until(() => appended.length === 1, 'the list is handed in')
  expect(await knockAtDutyDoor(data)).toBeUndefined()
  expect(existsSync(file)).toBe(false)
  appended[0]?.()
  await opening
  const door = await knockAtDutyDoor(data)
  expect(door).toBeDefined()
  door?.close()
  expect(reports).toEqual([[expect.stringContaining('1 backup(s)'), 'nobody']])
})

test('each minute what has expired since is destroyed; after the end nobody looks any more', async () => {
  await open()
  const file = backup(Date.now() + 3_600_000)
  await aMinute()
  expect(existsSync(file)).toBe(true)
  backup(Date.now() - 1)
  await aMinute()
  expect(existsSync(file)).toBe(false)
  await close?.()
  expect(jest.getTimerCount()).toBe(0)
})

test('what fails is told once, with the other parts kept up all the same, and again once it had been mended', async () => {
  const folder = join(data, 'keys/backups')
  const spoil = (): void => {
    rmSync(folder, { recursive: true, force: true })
    writeFileSync(folder, 'no folder')
  }
  spoil()
  appointOfficers(data)
  const opening = open()
  await until(() => appended.length === 1, 'the list is handed in nevertheless')
  appended[0]?.()
  await opening
  await aMinute()
  await aMinute()
  const failed = [
    expect.stringMatching(
      /^expired backups' keys can't be destroyed: .*It is tried again each minute\.$/,
    ),
    'today',
  ]
  expect(reports).toEqual([failed])
  rmSync(folder)
  await aMinute()
  spoil()
  await aMinute()
  expect(reports).toEqual([failed, failed])
  rmSync(folder)
})

test('the end waits for a look that is under way: nothing of it stands behind the seal', async () => {
  await open()
  writeOfficers(data, OFFICERS)
  await aMinute()
  expect(appended).toHaveLength(1)
  let closed = false
  const closing = close?.().then(() => (closed = true))
  await until(async () => (await knockAtDutyDoor(data)) === undefined, 'the door is closed')
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
  expect(closed).toBe(false)
  appended[0]?.()
  await closing
  expect(closed).toBe(true)
})

test('where the door can’t open exchanges go on, it is told, and what is kept up goes on too', async () => {
  const short = data
  data = join(data, 'x'.repeat(120))
  mkdirSync(join(data, 'keys'), { recursive: true })
  try {
    await open()
    expect(reports).toEqual([
      [
        expect.stringMatching(/^officers' commands can't reach this gateway: .*too long/),
        undefined,
      ],
    ])
    const file = backup(0)
    await aMinute()
    expect(existsSync(file)).toBe(false)
    await close?.()
    expect(jest.getTimerCount()).toBe(0)
  } finally {
    data = short
  }
})

test('a stop does not wait for what is kept up behind an order whose officer does not answer', async () => {
  await using system = await startSystem()
  appointOfficers(system.data)
  await askAboutHer(system)
  const door = (await knockAtDutyDoor(system.data))!
  door.send({ ask: 'order', order: order({ act: 'erase', numbers: [HER] }) })
  while (((await door.receive()) as Saying).say !== 'copies');
  await aMinute()
  jest.useRealTimers()
  // An officer has a minute for his answer: longer than this test.
  await system.stop()
  expect(await door.receive()).toMatchObject({ say: 'fault', name: 'ConversationOver' })
})
