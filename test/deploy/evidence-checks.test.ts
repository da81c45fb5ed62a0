/** What health says of replication, witnesses and time-stamps, from what they say of themselves. */
import { expect, test } from '@jest/globals'
import { addEvidenceChecks } from '../../deploy/evidence-checks.ts'
import type { Core } from '../../deploy/open-core.ts'
import { Health, type HealthCheck } from '../../gateway/ports/health.ts'
import type { Alarm } from '../../gateway/replication/replication.ts'
import type { WitnessStatus } from '../../gateway/witness/status.ts'
import { Instant } from '../../policies/vocabulary.ts'

const NOW = Instant.parse('2026-11-22T08:00:00Z')
const clock = { now: () => NOW }

function checks(parts: {
  readonly replication?: { readonly alarms: readonly Alarm[]; readonly accepts: boolean }
  readonly witnesses?: Partial<WitnessStatus>
  readonly anchors?: ReturnType<Core['anchors']>
}): readonly HealthCheck[] {
  const { anchors, replication, witnesses } = parts
  const unkept = witnesses?.unkept
  const core = {
    replication: replication && {
      alarms: new Set(replication.alarms),
      accepts: () => replication.accepts,
      backlog: () => ({ records: 12, bytes: 3456, ageMs: 7000 }),
    },
    witnessing: {
      status: () => ({ require: 0, witnesses: [], behindMs: 0, accepts: true, ...witnesses }),
    },
    anchors: () => anchors,
  }
  const health = new Health(clock)
  addEvidenceChecks(health, { clock, core: core as unknown as Core })
  return health.report().checks.filter(({ name }) => name !== 'checkpoints' || unkept !== undefined)
}

test('of what is not configured nothing is said', () => {
  expect(checks({})).toEqual([])
})

test('checkpoints that can’t be kept are told, with why and for how long, also without witnesses', () => {
  const unkept = { since: Instant.ofMilliseconds(NOW - 90_000), why: 'the disk is full' }
  expect(checks({ witnesses: { unkept } })).toMatchObject([
    {
      name: 'checkpoints',
      state: 'degraded',
      words: 'none has been published for 90 s: the disk is full',
    },
  ])
})

test.each<[Alarm | undefined, boolean, string]>([
  [undefined, true, 'ok'],
  ['unreachable', true, 'degraded'],
  ['unreachable', false, 'failing'],
  ['unpublished', true, 'degraded'],
  ['lost', true, 'degraded'],
  ['diverged', false, 'failing'],
  [undefined, false, 'failing'],
])('replication with alarm %s, accepting %s: %s, with what waits', (alarm, accepts, state) => {
  const alarms = alarm === undefined ? [] : [alarm]
  const [check] = checks({ replication: { alarms, accepts } })
  expect(check).toMatchObject({ name: 'replication', state })
  expect(check?.words).toContain('12 records (3456 bytes) wait to be sent, the oldest for 7 s')
  expect(check?.whatToDo === '').toBe(state === 'ok')
})

test('two ledgers under one name: nothing may be thrown away', () => {
  const [check] = checks({ replication: { alarms: ['diverged'], accepts: false } })
  expect(check?.whatToDo).toContain('keep every file')
})

test('a witness that is away is named, with why; without it too long nothing is taken', () => {
  const witnesses = [
    { name: 'audit', state: 'away', since: NOW, why: 'no connection' },
    { name: 'ndc', state: 'cosigning', since: NOW },
  ] as const
  const [late] = checks({ witnesses: { require: 2, witnesses, behindMs: 9000 } })
  expect(late).toMatchObject({ name: 'witnesses', state: 'degraded' })
  expect(late?.words).toContain('audit is away (no connection)')
  expect(late?.words).not.toContain('ndc')
  const [closed] = checks({ witnesses: { require: 2, witnesses, behindMs: 9000, accepts: false } })
  expect(closed).toMatchObject({ state: 'failing' })
  const [good] = checks({ witnesses: { require: 1, witnesses: witnesses.slice(1) } })
  expect(good).toMatchObject({ state: 'ok' })
})

test('an authority that gives no time-stamps is told, with its own reason', () => {
  const last = { number: 3, at: Instant.ofMilliseconds(NOW - 60_000), notAfter: NOW }
  expect(checks({ anchors: { last } })).toMatchObject([
    { name: 'time-stamps', state: 'ok', words: 'the newest is 60 s old' },
  ])
  const [ending] = checks({ anchors: { last, isEnding: true } })
  expect(ending).toMatchObject({
    state: 'degraded',
    words: expect.stringContaining('its certificate ends on 2026-11-22'),
  })
  const failing = { since: NOW, sentence: 'it refuses the policy' }
  const [check] = checks({ anchors: { last, failing } })
  expect(check).toMatchObject({ state: 'degraded' })
  expect(check?.words).toContain('it refuses the policy')
})
