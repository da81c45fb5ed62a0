/** What readiness says of the revocation list, to the millisecond, and that it says what is done with certificates at that moment. */
import { expect, test } from '@jest/globals'
import type { Peer } from '../../certs/peer.ts'
import type { RevocationList } from '../../certs/revocation-list.ts'
import { Revocations } from '../../certs/revocations.ts'
import { addCoreChecks } from '../../deploy/health-checks.ts'
import type { Core } from '../../deploy/open-core.ts'
import { Health } from '../../gateway/ports/health.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { configFor } from '../harness/system.ts'

const HOUR = 3_600_000
const GRACE = 10 * HOUR
const DUE = Instant.parse('2026-11-22T08:00:00Z')
const LIST = { number: 7, nextUpdate: DUE, has: () => false } as unknown as RevocationList
const PEER = { serial: '1', notBefore: DUE - 100 * HOUR, notAfter: DUE + 100 * HOUR } as Peer

function seen(after: number, parts: { list?: RevocationList | undefined; fault?: string } = {}) {
  const now = Instant.ofMilliseconds(DUE + after)
  const { fault, list } = { list: LIST, ...parts }
  const core = {
    identity: { revocationList: () => list, revocationListFault: () => fault },
    witnessing: { status: () => ({ require: 0 }) },
    anchors: () => undefined,
    inForce: () => ({ book: { documents: { agreements: [], legalBases: new Map() } } }),
  } as unknown as Core
  const health = new Health({ now: () => now })
  const config = { ...configFor('/', new Map()), revocationGraceMs: GRACE }
  addCoreChecks(health, { clock: { now: () => now }, config, core })
  const check = health.report().checks.find(({ name }) => name === 'revocation list')
  return { check: check!, standing: new Revocations(list, GRACE).standing(PEER, now) }
}

test.each([
  [-5 * HOUR, 'ok', 'list 7; the next is due in 5 h'],
  [0, 'ok', 'list 7; the next is due in 0 s'],
  [1, 'degraded', 'list 7 should have been followed 0 s ago; in 9 h every certificate is refused'],
  [
    4 * HOUR,
    'degraded',
    'list 7 should have been followed 4 h ago; in 6 h every certificate is refused',
  ],
  [
    GRACE,
    'degraded',
    'list 7 should have been followed 10 h ago; in 0 s every certificate is refused',
  ],
  [
    GRACE + 1,
    'failing',
    'list 7 should have been followed 10 h ago; every certificate is refused until there is a new one',
  ],
])('%i ms after its next update was due it is %s', (after, state, words) => {
  const { check, standing } = seen(after)
  expect(check).toMatchObject({ state, words })
  expect(check.whatToDo.includes('gongdao certs crl')).toBe(state !== 'ok')
  // Not ready exactly while everybody is refused.
  expect(standing).toBe(state === 'failing' ? 'Server.Identity.RevocationListStale' : 'good')
})

test('that its file can’t be used is said beside how old the list in use is, and makes it no better', () => {
  const fault = 'the revocation list is of another CA'
  for (const [after, state] of [
    [-HOUR, 'degraded'],
    [HOUR, 'degraded'],
    [GRACE + 1, 'failing'],
  ] as const) {
    const { check } = seen(after, { fault })
    expect(check).toMatchObject({ state, whatToDo: expect.stringContaining('gongdao certs crl') })
    expect(check.words).toMatch(`its file can't be used: ${fault}; list 7`)
  }
})

test('without a list nobody can be trusted: it is not ready', () => {
  const { check, standing } = seen(0, { list: undefined })
  expect(check).toMatchObject({ state: 'failing', words: 'there is no revocation list' })
  expect(check.whatToDo).toContain('gongdao certs crl')
  expect(standing).toBe('Server.Identity.RevocationListStale')
})
