/** Two people: what counts as an order of theirs, and every way in which it does not. */
import { expect, test } from '@jest/globals'
import { parseOfficers, parseOrder } from '../../deploy/duties/order.ts'
import { checkApprovals, statementText } from '../../gateway/erasure/approval.ts'
import { OrderCheck } from '../../gateway/erasure/check-orders.ts'
import { readabilityOf } from '../../gateway/erasure/readability.ts'
import type { Order } from '../../gateway/erasure/parts.ts'
import type { Act, Officer } from '../../gateway/ledger/duty-events.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { keyOf, OFFICERS, order, orderBy, PAIRS } from './officers.ts'
import { approve } from '../../deploy/duties/make-order.ts'

const NOW = Instant.ofMilliseconds(Date.parse('2026-11-22T10:00:00Z'))
const DAY = 86_400_000
const EXCHANGE = '018f7a4e-0000-4000-8000-000000000001'
const WHAT = {
  erase: { act: 'erase', numbers: ['A000000018'] },
  hold: { act: 'hold', numbers: ['A000000018'] },
  release: { act: 'release', hold: EXCHANGE },
  open: { act: 'open', exchange: EXCHANGE },
} as unknown as Readonly<Record<Act, Parameters<typeof order>[0]>>
const ACTS = ['erase', 'hold', 'release', 'open'] as const

function check(
  { approvals, statement }: Order,
  rules: { now?: number; officers?: readonly Officer[]; instance?: string } = {},
): string {
  const { instance = 'TW', now = NOW, officers = OFFICERS } = rules
  const checked = checkApprovals(statement, approvals, {
    officers,
    instance,
    now: Instant.ofMilliseconds(now),
  })
  return checked.kind === 'refused' ? checked.code : 'approved'
}

test.each(ACTS)('%s is approved by two officers with the roles for it, in either order', (act) => {
  const [one, other] = PAIRS[act]
  expect(check(orderBy([one, other], WHAT[act], NOW))).toBe('approved')
  expect(check(orderBy([other, one], WHAT[act], NOW))).toBe('approved')
})

test.each(ACTS)('%s by every other pair of officers is refused', (act) => {
  const [one, other] = PAIRS[act]
  for (const { id: first } of OFFICERS) {
    for (const { id: second } of OFFICERS) {
      const pair: readonly string[] = [one, other]
      const isPair = pair.includes(first) && pair.includes(second)
      if (isPair && first !== second) continue
      const expected = first === second ? 'same-person' : 'role-missing'
      expect(check(orderBy([first, second], WHAT[act], NOW))).toBe(expected)
    }
  }
})

test('one person never approves herself: not twice, not under a second id with the same key', () => {
  expect(check(orderBy(['ERASE-1', 'ERASE-1'], WHAT.erase, NOW))).toBe('same-person')
  const twin = { ...OFFICERS[0]!, id: 'TWIN-1' }
  const signed = orderBy(['ERASE-1'], WHAT.erase, NOW)
  const again = approve(signed.statement, { officer: 'TWIN-1', key: keyOf('ERASE-1') })
  const both = { ...signed, approvals: [...signed.approvals, again] }
  expect(check(both, { officers: [...OFFICERS, twin] })).toBe('same-person')
  expect(() => parseOfficers({ officers: [...OFFICERS, twin] })).toThrow('officers')
})

test('one officer who has both roles is still one person', () => {
  const both = OFFICERS.map((officer) =>
    officer.id === 'DPO-1'
      ? { ...officer, roles: ['auditor', 'data-protection'] as const }
      : officer,
  )
  expect(check(orderBy(['DPO-1', 'DPO-1'], WHAT.open, NOW), { officers: both })).toBe('same-person')
  expect(check(orderBy(['DPO-1', 'AUDIT-1'], WHAT.open, NOW), { officers: both })).toBe('approved')
})

test('one signature, or three, are not two', () => {
  expect(check(orderBy(['ERASE-1'], WHAT.erase, NOW))).toBe('approvals-missing')
  const { approvals, statement } = order(WHAT.erase, NOW)
  expect(check({ statement, approvals: [] })).toBe('approvals-missing')
  expect(check({ statement, approvals: [...approvals, approvals[0]!] })).toBe('approvals-missing')
})

test('an officer who is not registered any more signs nothing', () => {
  const officers = OFFICERS.filter(({ id }) => id !== 'ERASE-2')
  expect(check(order(WHAT.erase, NOW), { officers })).toBe('officer-unknown')
  expect(check(order(WHAT.erase, NOW), { officers: [] })).toBe('officer-unknown')
})

test('a key of somebody else, and a signature in another spelling, do not sign', () => {
  const { approvals, statement } = order(WHAT.erase, NOW)
  const [one, other] = approvals
  const forged = {
    ...other!,
    signature: approve(statement, { officer: 'ERASE-2', key: keyOf('DPO-1') }).signature,
  }
  expect(check({ statement, approvals: [one!, forged] })).toBe('signature-wrong')
  const spelled = { ...other!, signature: `${other!.signature}=` }
  expect(check({ statement, approvals: [one!, spelled] })).toBe('signature-wrong')
})

test('every member of the statement is signed: whichever is changed, the signatures are not of it', () => {
  for (const act of ACTS) {
    const { approvals, statement } = order(WHAT[act], NOW)
    const changes: Record<string, unknown> = {
      at: statement.at - 1,
      basis: act === 'erase' ? 'PDPA-11-3' : act === 'release' ? 'MISTAKE' : 'COURT-ORDER',
      exchange: '018f7a4e-0000-4000-8000-000000000002',
      expires: statement.expires + 1,
      hold: '018f7a4e-0000-4000-8000-000000000003',
      id: '018f7a4e-0000-4000-8000-000000000004',
      persons: 'A'.repeat(43),
    }
    for (const [member, value] of Object.entries(changes)) {
      if (JSON.stringify(statement[member as 'at']) === JSON.stringify(value)) continue
      const changed = { ...statement, [member]: value } as typeof statement
      expect([act, member, check({ statement: changed, approvals })]).toEqual([
        act,
        member,
        'signature-wrong',
      ])
    }
  }
})

test('the signed text says what it is for and nothing else can be', () => {
  expect(statementText(order(WHAT.open, NOW).statement)).toMatch(
    /^gongdao-duty\/1\n\{"act":"open",/,
  )
})

test('it is good from when it was signed until it expires, for this instance, and for 30 days at the most', () => {
  const week = order(WHAT.erase, NOW)
  expect(check(week, { now: NOW + 7 * DAY - 1 })).toBe('approved')
  expect(check(week, { now: NOW + 7 * DAY })).toBe('expired')
  expect(check(week, { now: NOW - 120_000 })).toBe('approved')
  expect(check(week, { now: NOW - 120_001 })).toBe('not-yet')
  expect(check(week, { instance: 'JP' })).toBe('other-instance')
  expect(check(order({ ...WHAT.erase, days: 30 }, NOW))).toBe('approved')
  expect(check(order({ ...WHAT.erase, days: 31 }, NOW))).toBe('too-long')
})

test('a ground that the act does not know is refused, whatever JavaScript has under its name', () => {
  for (const basis of ['COURT-ORDER', 'PDPA-99', 'constructor', '__proto__', '']) {
    expect(check(order({ ...WHAT.erase, basis }, NOW))).toBe('statement-malformed')
  }
})

test('an order that is not exactly one is refused before it is looked at, and none of its values is repeated', () => {
  const good = JSON.parse(JSON.stringify(order(WHAT.erase, NOW))) as Record<string, object>
  const bad: unknown[] = [
    null,
    'A000000018',
    [],
    { ...good, more: 1 },
    { ...good, statement: { ...good['statement'], act: 'A000000018' } },
    { ...good, statement: { ...good['statement'], note: 'A000000018' } },
    { ...good, matter: { nonce: 'A000000018', numbers: ['A000000018'] } },
    { ...good, matter: { ...good['matter'], numbers: [] } },
    { ...good, approvals: [{ officer: '王示範', signature: 'x' }] },
  ]
  for (const value of bad) {
    let message = ''
    try {
      parseOrder(value)
    } catch (fault) {
      message = (fault as Error).message
    }
    expect(message).toMatch(/^this is not an order/)
    expect(message).not.toMatch(/A000000018|王示範/)
  }
  expect(() => parseOrder({ ...good })).not.toThrow()
})

test('a hold is about one person', () => {
  expect(() => order({ act: 'hold', numbers: ['A000000018', 'A000000027'] }, NOW)).toThrow(
    'one person',
  )
})

test('readable, erased, lost, missing and undestroyed are told apart', () => {
  const of = (hasRecord: boolean, hasKey: boolean, isErased: boolean): string =>
    readabilityOf({ hasRecord, hasKey, isErased })
  expect(of(true, true, false)).toBe('readable')
  expect(of(true, false, true)).toBe('erased')
  expect(of(true, false, false)).toBe('lost')
  expect(of(true, true, true)).toBe('undestroyed')
  for (const hasKey of [true, false]) {
    for (const isErased of [true, false]) expect(of(false, hasKey, isErased)).toBe('missing')
  }
})

test('an auditor finds an order on record that two known officers did not give', () => {
  const done = (what: Parameters<typeof order>[0], officers: readonly string[], more: object) => {
    const { approvals, statement } = orderBy(officers, what, NOW)
    return { approvals, at: NOW, officers: 3, statement, v: 1, ...more }
  }
  const check = new OrderCheck()
  const good = done(WHAT.erase, PAIRS.erase, { subject: 's1' })
  expect(check.take(2, 'erasure', good)).toContain('had not named')
  expect(check.take(3, 'officers', { at: NOW, officers: OFFICERS, v: 1 })).toBeUndefined()
  expect(check.take(4, 'erasure', good)).toBeUndefined()
  expect(check.take(5, 'erasure', { ...good, subject: 's2' })).toBeUndefined()
  expect(check.take(6, 'erasure', good)).toContain('erased before')
  expect(check.take(7, 'hold', { ...good, subject: 's3' })).toContain('not hold')
  const alone = done(WHAT.erase, ['ERASE-1', 'ERASE-1'], { subject: 's4' })
  expect(check.take(8, 'erasure', alone)).toContain('signed twice')
  const access = done(WHAT.open, PAIRS.open, {})
  expect(check.take(9, 'access', access)).toBeUndefined()
  expect(check.take(10, 'access', access)).toContain('had served before')
  expect(
    check.take(11, 'access', { ...done(WHAT.open, PAIRS.open, {}), at: NOW + 30 * DAY }),
  ).toContain('expired')
  expect(check.take(12, 'hold', {})).toContain('members')
  // Whatever one gateway says of a pseudonym of another's, the other's own order still counts.
  expect(check.take(12, 'erasure', { ...good, gateway: 'other', subject: 's9' })).toBeUndefined()
  expect(check.take(12, 'erasure', { ...good, subject: 's9' })).toBeUndefined()
  expect(check.take(12, 'instance', { instance: 'TX' })).toBeUndefined()
  expect(check.take(12, 'erasure', { ...good, subject: 's10' })).toContain('another instance')
  expect(check.take(13, 'intent', {})).toBeUndefined()
})
