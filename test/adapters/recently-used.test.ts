import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RecentlyUsed } from '../../adapters/key-store-sqlite/recently-used.ts'

const anyKey = fc.nat(40).map(String)

test('what was set last is found, or forgotten, but never another value', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.tuple(anyKey, fc.nat())),
      (capacity, sets) => {
        const recent = new RecentlyUsed<number>(capacity)
        const model = new Map<string, number>()
        for (const [key, value] of sets) {
          recent.set(key, value)
          model.set(key, value)
          expect(recent.get(key)).toBe(value)
        }
        for (const [key, value] of model) expect([value, undefined]).toContain(recent.get(key))
      },
    ),
  )
})

test('at least the newest are remembered, and never more than twice the capacity', () => {
  const recent = new RecentlyUsed<number>(10)
  for (let key = 0; key < 1000; key += 1) recent.set(String(key), key)
  const remembered = Array.from({ length: 1000 }, (_, key) => key).filter(
    (key) => recent.get(String(key)) !== undefined,
  )
  expect(remembered.length).toBeLessThanOrEqual(20)
  expect(remembered).toEqual(expect.arrayContaining([991, 995, 999]))
})

test('what is used again and again is not forgotten', () => {
  const recent = new RecentlyUsed<string>(5)
  recent.set('often', 'here')
  for (let key = 0; key < 100; key += 1) {
    expect(recent.get('often')).toBe('here')
    recent.set(String(key), 'x')
  }
})
