/** A stop, look by look: what it lets finish, whom it cuts off, and when. */
import { EventEmitter } from 'node:events'
import type { Server } from 'node:https'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { Drain } from '../../deploy/drain.ts'
import type { Call, Reply } from '../../gateway/exchange/call.ts'
import type { Chain } from '../../gateway/ledger/entry.ts'

const REPLY: Reply = { status: 200, headers: [], body: Buffer.of() }
const BOUND_MS = 10_000

/** Its connections are open until they are closed; `idle` are those on which nothing is under way. */
class Listener extends EventEmitter {
  readonly did: string[] = []
  idle = 0
  busy = 0

  close(): void {
    this.did.push('refuses new ones')
    this.#end()
  }

  closeIdleConnections(): void {
    if (this.idle > 0) this.did.push('closes idle ones')
    this.idle = 0
    this.#end()
  }

  closeAllConnections(): void {
    if (this.idle + this.busy > 0) this.did.push('cuts off')
    this.idle = 0
    this.busy = 0
    this.#end()
  }

  #end(): void {
    if (this.idle + this.busy === 0) process.nextTick(() => this.emit('close'))
  }
}

let listener: Listener
let drain: Drain
let stopped: boolean

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] })
  listener = new Listener()
  drain = new Drain(BOUND_MS)
  stopped = false
})

afterEach(() => {
  jest.useRealTimers()
})

function stop(): Promise<void> {
  return drain.stop(listener as unknown as Server).then(() => {
    stopped = true
  })
}

/** An exchange that ends when it is told to. */
function begin(): () => Promise<unknown> {
  let end: (reply: Reply) => void = () => undefined
  const exchange = drain.count(
    () =>
      new Promise((resolve) => {
        end = resolve
      }),
  )
  const replied = exchange({} as Call)
  return () => {
    end(REPLY)
    return replied
  }
}

test('from the stop on nothing new is accepted, and what was begun is still recorded', async () => {
  const appended: unknown[] = []
  const chain = {
    accepts: () => true,
    append: (entry: unknown) => Promise.resolve(appended.push(entry)),
  } as unknown as Chain
  const guarded = drain.guard(chain)
  expect([guarded.accepts(), drain.isStopping()]).toEqual([true, false])
  const stopping = stop()
  expect([guarded.accepts(), drain.isStopping()]).toEqual([false, true])
  await guarded.append({ kind: 'outcome', record: '{}' })
  expect(appended).toHaveLength(1)
  await stopping
  expect(drain.guard({ ...chain, accepts: () => false }).accepts()).toBe(false)
})

test('with nobody there it is over at once, and leaves no timer behind', async () => {
  await stop()
  expect([listener.did, jest.getTimerCount()]).toEqual([['refuses new ones'], 0])
})

test('an exchange is waited for, however long it takes within the bound; then its reply has a second to leave', async () => {
  listener.busy = 1
  const end = begin()
  const stopping = stop()
  await jest.advanceTimersByTimeAsync(BOUND_MS - 2_000)
  expect(listener.did).toEqual(['refuses new ones'])
  await end()
  await jest.advanceTimersByTimeAsync(980)
  expect([listener.did, stopped]).toEqual([['refuses new ones'], false])
  await jest.advanceTimersByTimeAsync(20)
  await stopping
  expect(listener.did).toEqual(['refuses new ones', 'cuts off'])
  expect(jest.getTimerCount()).toBe(0)
})

test('a connection that falls idle is closed when somebody looks, not when everything is over', async () => {
  listener.busy = 1
  const stopping = stop()
  listener.busy = 0
  listener.idle = 1
  await jest.advanceTimersByTimeAsync(20)
  await stopping
  expect(listener.did).toEqual(['refuses new ones', 'closes idle ones'])
})

test('a second of silence counts from the last exchange', async () => {
  listener.busy = 1
  const stopping = stop()
  await jest.advanceTimersByTimeAsync(900)
  // One that was on its way when the stop began.
  const end = begin()
  await jest.advanceTimersByTimeAsync(900)
  await end()
  await jest.advanceTimersByTimeAsync(900)
  expect(listener.did).toEqual(['refuses new ones'])
  await jest.advanceTimersByTimeAsync(100)
  await stopping
})

test('at the bound it is cut off, and its exchange still ends before the stop does', async () => {
  listener.busy = 1
  const end = begin()
  const stopping = stop()
  await jest.advanceTimersByTimeAsync(BOUND_MS - 20)
  expect(listener.did).toEqual(['refuses new ones'])
  await jest.advanceTimersByTimeAsync(20)
  expect(listener.did).toEqual(['refuses new ones', 'cuts off'])
  await new Promise(setImmediate)
  expect(stopped).toBe(false)
  jest.useRealTimers()
  await end()
  await stopping
})

test('an exchange that fails is over as well', async () => {
  const failing = drain.count(() => Promise.reject(new Error('ours')))
  await expect(failing({} as Call)).rejects.toThrow('ours')
  await stop()
})
