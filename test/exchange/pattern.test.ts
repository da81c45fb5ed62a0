import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MATCHES, Pattern, UNDECIDED } from '../../gateway/exchange/minimise/pattern.ts'

const ONE_CLASS = [
  '[a-z]*',
  '[A-Z0-9]{1,8}',
  '[^a]',
  '[\\d_]+',
  '[a\\]-]{2}',
  '[[]?',
  '[測a]{0,2}',
  '[^\\s]{3,}',
  '[-a]*',
  '[\\w.]{0}',
]
const OTHERS = ['[a]|[b]', 'a*', '[a-z]*?', '[a][b]', '([a-z])+', 'C[0-9]|X', '', '[a]{1}|b']

test('on bytes a pattern says what its regular expression says, of whole values', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.string({
      unit: fc.constantFrom(
        'a',
        'b',
        'z',
        'A',
        '0',
        '_',
        '-',
        ']',
        '[',
        ' ',
        '\n',
        '測',
        '😀',
        '.',
      ),
      maxLength: 9,
    }),
  )
  let decided = 0
  fc.assert(
    fc.property(fc.constantFrom(...ONE_CLASS, ...OTHERS), value, (source, text) => {
      const pattern = new Pattern(source)
      const expected = new RegExp(`^(?:${source})$`, 'u').test(text)
      const bytes = Buffer.from(`"${text}"`)
      const told = pattern.testBytes(bytes, 1, bytes.length - 1)
      if (told !== UNDECIDED) decided += 1
      if (pattern.test(text) !== expected) throw new Error(`${source} of ${text}`)
      if (told !== UNDECIDED && (told === MATCHES) !== expected)
        throw new Error(`${source} of ${text}, on bytes`)
    }),
    { numRuns: 20_000 },
  )
  expect(decided).toBeGreaterThan(3000)
})

test('every form of one class is told on bytes, nothing else is', () => {
  const empty = Buffer.from('a')
  const isTold = (source: string): boolean =>
    new Pattern(source).testBytes(empty, 0, 1) !== UNDECIDED
  expect(ONE_CLASS.filter((source) => !isTold(source))).toEqual([])
  expect(OTHERS.filter(isTold)).toEqual([])
})
