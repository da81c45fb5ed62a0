import { expect, test } from '@jest/globals'
import { tellHealth } from '../../deploy/tell-health.ts'
import { degraded, failing, Health, ok, type HealthFinding } from '../../gateway/ports/health.ts'
import { Instant } from '../../policies/vocabulary.ts'

function looked(findings: readonly HealthFinding[], name = 'disk'): [string, string | undefined][] {
  const told: [string, string | undefined][] = []
  const tell = tellHealth(
    (sentence, urgency) => told.push([sentence, urgency]),
    new Set(['gateway']),
  )
  let finding = ok('there is room')
  const health = new Health({ now: () => Instant.ofMilliseconds(0) })
  health.add(name, () => finding)
  for (finding of findings) tell(health.report())
  return told
}

const FULL = failing('no room is left', 'Make room.')
const LOW = degraded('little room is left', 'Make room soon.')
const WELL = ok('there is room')

test('each change is told once, with its next step and by who must act; that it is good again as well', () => {
  expect(looked([WELL, WELL, LOW, LOW, LOW, FULL, FULL, WELL, WELL, WELL])).toEqual([
    ['disk degraded: little room is left. Make room soon.', 'today'],
    ['disk failing: no room is left. Make room.', 'now'],
    ['disk is well again: there is room', 'nobody'],
  ])
})

test('what is wrong from the first look on is told', () => {
  expect(looked([FULL, FULL])).toEqual([['disk failing: no room is left. Make room.', 'now']])
})

test('what comes and goes from one look to the next is not', () => {
  expect(looked([WELL, FULL, WELL, LOW, WELL, FULL, WELL])).toEqual([])
  expect(looked([FULL, FULL, WELL, FULL, FULL])).toHaveLength(1)
})

test('what is never well is told, however it changes: by the lesser of what was found', () => {
  const restless = Array.from({ length: 50 }, () => [LOW, FULL]).flat()
  expect(looked([WELL, ...restless])).toEqual([
    ['disk degraded: little room is left. Make room soon.', 'today'],
  ])
  expect(looked([FULL, FULL, WELL, LOW, WELL, LOW])).toEqual([
    ['disk failing: no room is left. Make room.', 'now'],
    ['disk degraded: little room is left. Make room soon.', 'today'],
  ])
})

test('what is told elsewhere is not told twice', () => {
  expect(looked([FULL, FULL], 'gateway')).toEqual([])
})
