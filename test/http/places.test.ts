/** Places for requests under way: so many for all, a quarter for one member, each given back once. */
import { expect, test } from '@jest/globals'
import { Places } from '../../gateway/http/places.ts'
import { MemberId } from '../../policies/vocabulary.ts'

const [A, B, C, D, E] = ['a', 'b', 'c', 'd', 'e'].map((name) =>
  MemberId.parse(`TW/GOV/${name}`),
) as [MemberId, MemberId, MemberId, MemberId, MemberId]

test('one member has a quarter of them, all members together have all, and whoever leaves makes room', () => {
  const places = new Places(8)
  const left = [A, A, B, B, C, C, D, D].map((member) => places.enter(member))
  expect(left.every((leave) => leave !== undefined)).toBe(true)
  expect([places.enter(A), places.enter(E)]).toEqual([undefined, undefined])
  left[7]?.()
  // There is room again, and not for who has his quarter.
  expect(places.enter(A)).toBeUndefined()
  expect(places.enter(E)).toBeDefined()
  expect(places.enter(D)).toBeUndefined()
  for (const leave of left.slice(0, 2)) leave?.()
  expect([places.enter(A), places.enter(A)]).not.toContain(undefined)
  expect(places.enter(A)).toBeUndefined()
})

test('however few there are, each member may have one', () => {
  const places = new Places(3)
  expect(places.enter(A)).toBeDefined()
  expect(places.enter(A)).toBeUndefined()
  expect([places.enter(B), places.enter(C)]).not.toContain(undefined)
  expect(places.enter(D)).toBeUndefined()
})
