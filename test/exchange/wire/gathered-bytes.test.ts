import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { GatheredBytes } from '../../../gateway/exchange/wire/gathered-bytes.ts'

function gathered(pieces: readonly Uint8Array[]): GatheredBytes {
  const bytes = new GatheredBytes()
  for (const piece of pieces) bytes.add(Buffer.from(piece))
  return bytes
}

test('the whole is the pieces one after the other, however many and however large', () => {
  const small = fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 400, size: 'max' })
  const large = fc.array(fc.uint8Array({ minLength: 900, maxLength: 3000, size: 'max' }), {
    maxLength: 6,
    size: 'max',
  })
  fc.assert(
    fc.property(small, large, small, (first, second, third) => {
      const pieces = [...first, ...second, ...third]
      const bytes = gathered(pieces)
      const whole = Buffer.concat(pieces)
      expect(bytes.length).toBe(whole.length)
      expect(bytes.whole().equals(whole)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('one piece is not copied', () => {
  const piece = Buffer.from('{"a":1}')
  const bytes = new GatheredBytes()
  bytes.add(piece)
  expect(bytes.whole()).toBe(piece)
})

test('nothing is an empty whole, and after clear there is nothing', () => {
  expect(new GatheredBytes().whole()).toHaveLength(0)
  const bytes = gathered(Array.from({ length: 1000 }, () => Buffer.from('a')))
  bytes.clear()
  expect([bytes.length, bytes.whole().length]).toEqual([0, 0])
  bytes.add(Buffer.from('b'))
  expect(bytes.whole().toString()).toBe('b')
})
