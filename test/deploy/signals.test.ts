/** Signals, as a process is sent them: the first stops it in order, a second one at once; each SIGHUP waits for the one before. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { listenToSignals, type Signals } from '../../deploy/signals.ts'
import type { Urgency } from '../../gateway/ports/telemetry.ts'

const OURS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const

let said: string[]
let reports: (readonly [string, Urgency | undefined])[]
let signals: Signals
let before: readonly (readonly [NodeJS.Signals, readonly unknown[]])[]
let stoppedBy: string[]

beforeEach(() => {
  said = []
  reports = []
  stoppedBy = []
  before = OURS.map((signal) => [signal, process.listeners(signal)] as const)
  jest.spyOn(process, 'exit').mockImplementation((code) => {
    said.push(`ends with ${String(code)}`)
    return undefined as never
  })
  signals = listenToSignals({
    last: (sentence) => said.push(sentence),
    report: (sentence, urgency) => reports.push([sentence, urgency]),
  })
  void signals.stop.then((signal) => stoppedBy.push(signal))
})

afterEach(() => {
  for (const [signal, known] of before) {
    const added = process.listeners(signal).filter((one) => !known.includes(one))
    for (const one of added) process.off(signal, one)
  }
  jest.restoreAllMocks()
})

async function send(signal: NodeJS.Signals): Promise<void> {
  process.emit(signal)
  await new Promise(setImmediate)
}

test.each([
  ['SIGTERM', 'SIGTERM'],
  ['SIGINT', 'SIGINT'],
  ['SIGTERM', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
] as const)(
  '%s stops it in order; %s after it ends it at once, not as if all were well',
  async (first, second) => {
    await send(first)
    expect([stoppedBy, said]).toEqual([[first], []])
    await send(second)
    expect(stoppedBy).toEqual([first])
    // Said before it ends: nothing is written afterwards.
    expect(said).toEqual([
      `${second} came a second time: ended at once; the next start recovers the chain`,
      'ends with 1',
    ])
  },
)

test('a SIGHUP before it is ready is told, and needs nobody', async () => {
  await send('SIGHUP')
  expect(reports).toEqual([
    [expect.stringContaining('SIGHUP came before the gateway was ready'), 'nobody'],
  ])
  expect([stoppedBy, said]).toEqual([[], []])
})

test('each SIGHUP has it read again, one after the other, and none is lost', async () => {
  const ends: (() => void)[] = []
  signals.onHangUp(
    () =>
      new Promise((resolve) => {
        ends.push(resolve)
      }),
  )
  await send('SIGHUP')
  await send('SIGHUP')
  await send('SIGHUP')
  // Files that are read twice at once could be taken half from the one and half from the other.
  for (const count of [1, 2, 3]) {
    expect(ends).toHaveLength(count)
    ends[count - 1]?.()
    await new Promise(setImmediate)
  }
  expect(ends).toHaveLength(3)
  expect(reports).toEqual([])
})
