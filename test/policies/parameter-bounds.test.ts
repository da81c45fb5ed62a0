import { describe, expect, test } from '@jest/globals'
import type { ParameterBound } from '../../policies/agreement.ts'
import { boundsAt, brokenBounds, newestTaxYear } from '../../policies/parameter-bounds.ts'
import type { ParameterRegistration } from '../../policies/service.ts'
import { Instant } from '../../policies/vocabulary.ts'

const at = Instant.parse('2026-11-22T10:00:00+08:00')
const registered = (type: ParameterRegistration['type']): ParameterRegistration => ({
  name: 'p',
  in: 'query',
  type,
  list: true,
  required: false,
})
const bound = (rest: Partial<ParameterBound>): ParameterBound => ({
  name: 'p',
  scope: 'matter',
  maxValues: 2,
  ...rest,
})

function breaks(rest: Partial<ParameterBound>, values: readonly string[] | undefined): boolean {
  const bounds = boundsAt([bound(rest)], [registered('integer')])
  const { persons, matter } = brokenBounds(bounds, values === undefined ? {} : { p: values }, at)
  expect(persons.length > 0 && matter.length > 0).toBe(false)
  return [...persons, ...matter].includes('p')
}

describe('a bound', () => {
  test.each<[string, Partial<ParameterBound>, readonly string[] | undefined, boolean]>([
    ['as many values as agreed', {}, ['1', '2'], false],
    ['one value too many', {}, ['1', '2', '3'], true],
    ['one of those agreed', { oneOf: ['A', 'B'] }, ['A'], false],
    ['one of those agreed and one other', { oneOf: ['A', 'B'] }, ['A', 'C'], true],
    ['the least', { range: { least: -5, most: 5 } }, ['-5'], false],
    ['the most', { range: { least: -5, most: 5 } }, ['5'], false],
    ['below', { range: { least: -5, most: 5 } }, ['-6'], true],
    ['above', { range: { least: -5, most: 5 } }, ['6'], true],
    ['another spelling of a number', { range: { least: 0, most: 500 } }, ['1e2'], true],
    ['a number with a zero before it', { range: { least: 0, most: 500 } }, ['007'], true],
    ['no number', { range: { least: 0, most: 500 } }, [''], true],
    ['the newest tax year', { latestTaxYear: { publishedOn: '05-01' } }, ['114'], false],
    ['the year before it', { latestTaxYear: { publishedOn: '05-01' } }, ['113'], true],
    ['the Gregorian year', { latestTaxYear: { publishedOn: '05-01' } }, ['2025'], true],
    ['nothing, where only the count is bounded', {}, undefined, false],
    ['nothing, where the values are restricted', { oneOf: ['A'] }, undefined, true],
    ['an empty list, where the values are restricted', { oneOf: ['A'] }, [], true],
    ['nothing, where a range is', { range: { least: 0, most: 1 } }, undefined, true],
    [
      'nothing, where the newest year is',
      { latestTaxYear: { publishedOn: '05-01' } },
      undefined,
      true,
    ],
  ])('%s', (_what, rest, values, broken) => {
    expect(breaks(rest, values)).toBe(broken)
    expect(breaks({ ...rest, scope: 'persons' }, values)).toBe(broken)
  })

  test('says whether it is about persons or about the matter', () => {
    const bounds = boundsAt([bound({ scope: 'persons', oneOf: ['A'] })], [registered('code')])
    expect(brokenBounds(bounds, { p: ['B'] }, at)).toEqual({ persons: ['p'], matter: [] })
  })

  test('of a parameter that the endpoint does not have is no bound here', () => {
    expect(boundsAt([bound({ oneOf: ['A'] })], [])).toEqual({ bounds: [], names: new Set() })
  })

  test('a parameter without one is beyond the agreement, whatever it is called', () => {
    const none = boundsAt([], [registered('integer')])
    expect(brokenBounds(none, { p: ['1'], constructor: ['1'] }, at).matter).toEqual([
      'constructor',
      'p',
    ])
    const named = { ...registered('code'), name: 'constructor' }
    const inherited = boundsAt([{ ...bound({}), name: 'constructor' }], [named])
    expect(brokenBounds(inherited, {}, at)).toEqual({ persons: [], matter: [] })
  })
})

test.each([
  ['2026-04-30T23:59:59+08:00', 113],
  ['2026-05-01T00:00:00+08:00', 114],
  ['2026-04-30T15:59:59Z', 113],
  ['2026-04-30T16:00:00Z', 114],
  ['2026-12-31T23:59:59+08:00', 114],
  ['2026-12-31T16:00:00Z', 114],
  ['2027-01-01T00:00:00+08:00', 114],
  ['2027-05-01T00:00:00+08:00', 115],
])('at %s in Taipei the newest tax year is %d', (time, year) => {
  expect(newestTaxYear('05-01', Instant.parse(time))).toBe(year)
})
