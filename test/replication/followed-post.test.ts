/** What is sent of the published checkpoints, by what was read back; time is an argument. */
import { expect, test } from '@jest/globals'
import type { LogMessage, ReadPart } from '../../gateway/ports/log-transport.ts'
import type { Progress } from '../../gateway/replication/followed-lane.ts'
import { FollowedPost } from '../../gateway/replication/followed-post.ts'

const KEPT: readonly LogMessage[] = [0, 1, 2, 3, 4].map((number) => ({
  key: 'T/registry',
  value: Buffer.from(`note ${number}`),
}))

function begun(length = KEPT.length, from?: Progress): FollowedPost {
  const post = new FollowedPost(from)
  const kept = KEPT.slice(0, length)
  post.begin({ length, read: (from, most) => kept.slice(from, from + most) }, 0)
  return post
}

/** These of those kept stand there, from the first offset that is not read yet. */
function part(post: FollowedPost, ...numbers: readonly number[]): ReadPart {
  const messages = numbers.map((number, at) => ({ ...KEPT[number]!, offset: post.offset + at }))
  const next = post.offset + numbers.length
  return { messages, next, low: 0, high: next }
}

function read(post: FollowedPost, now: number, ...numbers: readonly number[]): unknown {
  return post.read(part(post, ...numbers), { isOwn: () => true, now, readBackMs: 1000 })
}

const sending = (post: FollowedPost): unknown => {
  const next = post.next()
  return next && [next.to - next.messages.length, next.to]
}

test('nothing is sent before what stands there was read to its end', () => {
  const post = begun()
  expect(sending(post)).toBeUndefined()
  post.read({ ...part(post, 0, 1), high: 3 }, { isOwn: () => true, now: 0, readBackMs: 1000 })
  expect(sending(post)).toBeUndefined()
  read(post, 0, 2)
  expect(sending(post)).toEqual([3, 5])
})

test('what was acknowledged and does not come is told once its time is over, and sent again', () => {
  const post = begun()
  read(post, 0)
  expect(sending(post)).toEqual([0, 5])
  post.stored(5, 100)
  expect(read(post, 200, 0, 1, 3)).toEqual([{ kind: 'note', chain: 'T/registry', note: 'note 3' }])
  expect(read(post, 1100)).toEqual([])
  expect(sending(post)).toBeUndefined()
  expect(read(post, 1101)).toEqual([{ kind: 'lost-notes', from: 2, to: 5 }])
  expect(sending(post)).toEqual([2, 5])
  post.stored(5, 1200)
  expect(read(post, 1300, 2, 3, 4)).toEqual([])
  expect([post.isBehind, sending(post)]).toEqual([false, undefined])
})

test('a send that was under way when the end was lost does not count for what it was not', () => {
  const post = begun()
  read(post, 0, 0, 1, 2)
  expect(sending(post)).toEqual([3, 5])
  const lost = { messages: [], next: 1, low: 0, high: 1 }
  const found = post.read(lost, { isOwn: () => true, now: 0, readBackMs: 1000 })
  expect(found).toEqual([{ kind: 'rolled-back', from: 3, to: 1 }])
  read(post, 0, 0)
  post.stored(5, 10)
  expect(sending(post)).toEqual([1, 5])
})

test('one that somebody else has sent, word for word, need not be sent again', () => {
  const post = begun(2)
  read(post, 0)
  expect(sending(post)).toEqual([0, 2])
  read(post, 0, 0)
  expect(sending(post)).toEqual([1, 2])
})

test('the hint names the newest that was read back, and how many stand before it', () => {
  const post = begun()
  read(post, 0, 0, 1, 1, 2)
  expect(post.progress()).toMatchObject({ lane: 'checkpoints/0', offset: 3, size: 2, low: 0 })
})

const HINT: Progress = { lane: 'checkpoints/0', offset: 3, low: 0, chain: undefined, size: 1 }

test('where the hint names is read on, if what it names stands there', () => {
  const post = begun(5, HINT)
  expect(read(post, 0, 1, 2)).toEqual([])
  expect(sending(post)).toEqual([3, 5])
})

test('a topic that was made anew, and filled by others since, is read from its beginning', () => {
  const post = begun(5, HINT)
  expect(read(post, 0, 4)).toEqual([])
  expect([post.offset, sending(post)]).toEqual([0, undefined])
  read(post, 0, 0)
  expect(sending(post)).toEqual([1, 5])
})

test('a hint of more than are kept is of others', () => {
  const post = begun(2, { ...HINT, size: 3 })
  expect(post.offset).toBe(0)
})
