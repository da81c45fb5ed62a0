import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { HEALTH_BOUNDS } from '../../deploy/config/health.ts'
import { addEventLoopCheck, LongestDelay } from '../../deploy/event-loop-check.ts'
import { systemClock } from '../../deploy/system.ts'
import { Health } from '../../gateway/ports/health.ts'

function after(...gaps: readonly number[]): number {
  const delay = new LongestDelay(0)
  let now = 0
  for (const gap of gaps) delay.tick((now += gap))
  return delay.milliseconds
}

const quietly = (milliseconds: number): number[] => Array<number>(milliseconds / 20).fill(20)

test('a delay is what a tick was late by, for the window it fell into and one more', () => {
  expect(after(...quietly(2000))).toBe(0)
  expect(after(320)).toBe(300)
  expect(after(...quietly(500), 120, 320, 20)).toBe(300)
  expect(after(320, ...quietly(1000))).toBe(300)
  expect(after(320, ...quietly(2000))).toBe(0)
})

test('a loop that is never on time is told, however long each stall takes', async () => {
  const health = new Health(systemClock())
  const check = addEventLoopCheck(health, { ...HEALTH_BOUNDS, eventLoopMs: 500 })
  for (let stall = 0; stall < 2; stall++) {
    const end = performance.now() + 1100
    while (performance.now() < end);
    await pause(5)
    expect(health.report().checks).toEqual([
      expect.objectContaining({ name: 'event loop', state: 'degraded' }),
    ])
  }
  check.close()
})
