import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isSafePattern } from '../../policies/documents/safe-pattern.ts'

const SERVICES = new URL('../../deploy/demo/documents/services/', import.meta.url)

test.each([
  '[0-9]{8}',
  '[A-Z][0-9A-Z]{6}[0-9]',
  '[A-Z][0-9][0-9A-Z](?:[.][0-9A-Z]{1,4})?',
  '[A-Z_]+',
  '[^\\p{Cc}]{1,1000}',
  'C[0-9]|X',
  '(?:男|女)',
  '\\d{3}-\\d{2,4}\\.pdf',
  '[*+?|(){}]*',
  '\\(\\?=\\*\\+',
  '\\u{6e2c}*',
])('%s may stand in a registration', (pattern) => {
  expect(isSafePattern(pattern)).toBe(true)
})

test.each([
  '(',
  '(a+)+',
  '(?:a|a)*b',
  '(?:[a-z]|[a-z0-9])*!',
  '(?:a?){30}',
  'a*a*a*a*a*b',
  '.*.*=',
  '[a-z]{1,100}[a-z]{1,100}!',
  'a?'.repeat(25),
  'a{0,8}a{0,8}a{0,8}b',
  '(a)\\1',
  '(?<name>a)\\k<name>',
  '(?<=a)b',
  '(?=a)b',
  '(?!a)b',
  '(?i:a)',
])('%s may not: a provider could choose a text that it takes long over', (pattern) => {
  expect(isSafePattern(pattern)).toBe(false)
})

test('every pattern of the demonstration may stand', () => {
  const found = readdirSync(SERVICES).flatMap((name) =>
    [...readFileSync(new URL(name, SERVICES), 'utf8').matchAll(/"pattern": ("[^\n]+")/g)].map(
      ([, text = '']) => JSON.parse(text) as string,
    ),
  )
  expect(found.length).toBeGreaterThan(5)
  expect(found.filter((pattern) => !isSafePattern(pattern))).toEqual([])
})

test('what may stand takes no longer than a moment over a text of some length', () => {
  const atom = fc.constantFrom('a', '[ab]', '.', 'b', '\\w')
  const quantifier = fc.constantFrom('', '*', '+', '?', '{0,4}', '{1,8}', '{2,}', '{3}')
  const piece = fc.tuple(atom, quantifier).map((parts) => parts.join(''))
  const pieces = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''))
  const group = fc
    .tuple(pieces, pieces, fc.constantFrom('', '?', '*', '{2}'))
    .map(([one, other, often]) => `(?:${one}|${other})${often}`)
  const pattern = fc.array(fc.oneof(pieces, group), { minLength: 1, maxLength: 3 })
  let tried = 0
  fc.assert(
    fc.property(pattern, (parts) => {
      const text = parts.join('')
      if (!isSafePattern(text)) return
      tried += 1
      const began = performance.now()
      new RegExp(`^(?:${text})$`, 'u').test(`${'a'.repeat(5000)}!`)
      expect(performance.now() - began).toBeLessThan(2000)
    }),
    { numRuns: 2000 },
  )
  expect(tried).toBeGreaterThan(50)
})
