/** Heads by the million: the same answers as a plain list gives, in 48 bytes each. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { leafHashOf } from '../../gateway/ledger/hash.ts'
import { HeadList } from '../../gateway/ledger/head-list.ts'

const ROOTS = ['a', 'b', 'c'].map(leafHashOf)
const heads = fc.array(
  fc.record({ size: fc.nat(40), root: fc.constantFrom(...ROOTS), place: fc.nat(1000) }),
  { maxLength: 200 },
)

test('it answers as a plain list does, in whatever order heads are added and sizes asked for', () => {
  fc.assert(
    fc.property(heads, fc.array(fc.nat(45), { maxLength: 60 }), (added, sizes) => {
      const asked: number[] = []
      const isSigned = (_: unknown, place: number): boolean => asked.push(place) < 0
      const list = new HeadList({ origin: 'T/registry', by: 'somebody', isSigned })
      for (const { place, root, size } of added) list.add(size, root, place)
      const sorted = added.toSorted((one, other) => one.size - other.size)
      for (const size of sizes) {
        const of = sorted.filter((head) => head.size === size)
        expect(list.has(size)).toBe(of.length > 0)
        expect(list.of(size).map(({ root }) => root)).toEqual(of.map(({ root }) => root))
        asked.length = 0
        for (const head of list.of(size)) head.isSigned?.()
        expect(asked).toEqual(of.map(({ place }) => place))
        const more = sorted.filter((head) => head.size > size).map((head) => head.size)
        expect([...list.downwards(size)].map((head) => head.size)).toEqual(more.toReversed())
      }
      const rootsOf = (size: number): Set<string> =>
        new Set(added.filter((head) => head.size === size).map(({ root }) => root))
      expect(new Set(list.sizesWithSeveral())).toEqual(
        new Set(sorted.map(({ size }) => size).filter((size) => rootsOf(size).size > 1)),
      )
    }),
  )
})

test('a million heads take some 50 MB: a year of one chain fits into memory', () => {
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  const list = new HeadList({ origin: 'T/registry', by: 'somebody' })
  for (let size = 1; size <= 1_000_000; size += 1) list.add(size, ROOTS[size % 3]!)
  const now = process.memoryUsage()
  // The arrays that it has outgrown may not have been collected yet.
  expect(now.arrayBuffers - arrayBuffers).toBeLessThan(150e6)
  expect(now.heapUsed - heapUsed).toBeLessThan(50e6)
  expect([list.has(1_000_000), list.has(1_000_001)]).toEqual([true, false])
  expect(list.of(500_000)).toMatchObject([{ size: 500_000, root: ROOTS[500_000 % 3] }])
})
