import { setTimeout as pause } from 'node:timers/promises'
import { expect, jest, test } from '@jest/globals'
import { ProviderGuard } from '../../../adapters/limits/provider-guard.ts'
import type { Provider, ProviderAnswer, ProviderRequest } from '../../../gateway/ports/provider.ts'
import { until } from '../../harness/until.ts'

const OPEN_MS = 60
const FAILURES = 3

const ANSWERED: ProviderAnswer = { kind: 'answered', status: 200, headers: [], body: Buffer.of() }
const TIMEOUT: ProviderAnswer = { kind: 'unanswered', why: 'timeout' }

class World {
  readonly changes: string[] = []
  asked = 0
  answer: ProviderAnswer | Promise<ProviderAnswer> = ANSWERED
  readonly guard: ProviderGuard
  readonly #provider: Provider = {
    ask: async () => {
      this.asked += 1
      return this.answer
    },
  }

  constructor(atOneTime = 100) {
    this.guard = new ProviderGuard(
      { atOneTime, failuresInARow: FAILURES, openForMs: OPEN_MS },
      (state) => this.changes.push(state),
    )
  }

  /** An exchange that asks; what it was told, or the code of its refusal. */
  async exchange(): Promise<string> {
    const ran = await this.guard.run(() => this.ask())
    return ran.kind === 'busy' ? ran.code : nameOf(ran)
  }

  ask(): Promise<ProviderAnswer> {
    return this.guard.ask(this.#provider, {} as ProviderRequest)
  }

  async fail(times: number, answer = TIMEOUT): Promise<void> {
    this.answer = answer
    for (let time = 0; time < times; time += 1) await this.exchange()
  }
}

function nameOf(answer: ProviderAnswer): string {
  return answer.kind === 'answered' ? String(answer.status) : `${answer.kind} ${answer.why}`
}

test('after so many failures in a row nobody is admitted, and the provider has its peace', async () => {
  const world = new World()
  await world.fail(FAILURES)
  expect(world.changes).toEqual(['open'])
  expect(await world.exchange()).toBe('Server.Provider.Unavailable')
  expect(world.asked).toBe(FAILURES)
})

test.each<ProviderAnswer>([
  { kind: 'unanswered', why: 'timeout' },
  { kind: 'unanswered', why: 'broken' },
  { kind: 'not-sent', why: 'unreachable' },
  { kind: 'not-sent', why: 'untrusted' },
])('%j is a failure', async (answer) => {
  const world = new World()
  await world.fail(FAILURES, answer)
  expect(world.guard.state).toBe('open')
  expect(world.guard.lastFailure).toBe(answer.kind === 'answered' ? '' : answer.why)
})

test.each<ProviderAnswer>([
  ANSWERED,
  { ...ANSWERED, status: 500 },
  { kind: 'unanswered', why: 'too-large' },
  { kind: 'unanswered', why: 'aborted' },
  { kind: 'not-sent', why: 'aborted' },
])('%j is none', async (answer) => {
  const world = new World()
  await world.fail(10 * FAILURES, answer)
  expect(world.guard.state).toBe('closed')
})

test('an answer in between begins the count anew', async () => {
  const world = new World()
  for (let round = 0; round < 5; round += 1) {
    await world.fail(FAILURES - 1)
    world.answer = ANSWERED
    await world.exchange()
  }
  expect(world.guard.state).toBe('closed')
})

test('a consumer that leaves a provider which hangs does not hide that it hangs', async () => {
  const world = new World()
  for (let time = 0; time < FAILURES; time += 1) {
    await world.fail(1)
    await world.fail(1, { kind: 'unanswered', why: 'aborted' })
  }
  expect(world.guard.state).toBe('open')
})

test('when to come again is told, and no earlier', async () => {
  const world = new World()
  await world.fail(FAILURES)
  const refused = world.guard.run(() => Promise.resolve())
  expect(refused).toMatchObject({ kind: 'busy' })
  const { retryAfterMs } = refused as { readonly retryAfterMs: number }
  expect(retryAfterMs).toBeGreaterThanOrEqual(OPEN_MS)
})

test('who is refused is told to come again when it may be asked again, not sooner and not much later', async () => {
  const openForMs = 30_000
  const guard = new ProviderGuard({ atOneTime: 1, failuresInARow: 1, openForMs }, () => undefined)
  await guard.ask({ ask: () => Promise.resolve(TIMEOUT) }, {} as ProviderRequest)
  const refused = guard.run(() => Promise.resolve())
  const { retryAfterMs } = refused as { readonly retryAfterMs: number }
  expect(retryAfterMs).toBeGreaterThan(openForMs / 2)
  expect(retryAfterMs).toBeLessThanOrEqual(openForMs)
})

test.each([-1, 1])(
  'a wall clock that is set by %i h changes nothing of when it is asked again',
  async (hours) => {
    const world = new World()
    await world.fail(FAILURES)
    const shifted = Date.now() + hours * 3_600_000
    const wall = jest.spyOn(Date, 'now').mockReturnValue(shifted)
    try {
      world.answer = ANSWERED
      expect(world.guard.run(() => Promise.resolve())).toMatchObject({ retryAfterMs: 1_000 })
      expect(nameOf(await world.ask())).toBe('not-sent unreachable')
      await pause(OPEN_MS + 5)
      expect(await world.exchange()).toBe('200')
      expect(world.guard.state).toBe('closed')
    } finally {
      wall.mockRestore()
    }
  },
)

test('then one exchange alone is let through on trial; its answer lets all others in again', async () => {
  const world = new World()
  await world.fail(FAILURES)
  await pause(OPEN_MS + 5)
  let release: (answer: ProviderAnswer) => void = () => undefined
  world.answer = new Promise((resolve) => {
    release = resolve
  })
  const trial = world.exchange()
  expect(await world.exchange()).toBe('Server.Provider.Unavailable')
  expect(world.asked).toBe(FAILURES + 1)
  world.answer = ANSWERED
  release(ANSWERED)
  expect(await trial).toBe('200')
  expect(await world.exchange()).toBe('200')
  expect(world.changes).toEqual(['open', 'half-open', 'closed'])
})

test('a trial that fails keeps it closed to all for the same time again', async () => {
  const world = new World()
  await world.fail(FAILURES)
  await pause(OPEN_MS + 5)
  expect(await world.exchange()).toBe('unanswered timeout')
  expect(await world.exchange()).toBe('Server.Provider.Unavailable')
  expect(world.asked).toBe(FAILURES + 1)
})

test('a trial that was denied before it asked proves nothing: the next one is the trial', async () => {
  const world = new World()
  await world.fail(FAILURES)
  await pause(OPEN_MS + 5)
  await world.guard.run(() => Promise.resolve())
  expect(world.guard.state).toBe('open')
  world.answer = ANSWERED
  expect(await world.exchange()).toBe('200')
  expect(world.guard.state).toBe('closed')
})

test('a trial whose consumer left does not open the gate', async () => {
  const world = new World()
  await world.fail(FAILURES)
  await pause(OPEN_MS + 5)
  await world.fail(1, { kind: 'unanswered', why: 'aborted' })
  expect(world.guard.state).toBe('open')
})

test('who was admitted before it opened is told at once that the provider was not asked', async () => {
  const world = new World()
  await world.fail(FAILURES)
  expect(nameOf(await world.ask())).toBe('not-sent unreachable')
  expect(world.asked).toBe(FAILURES)
})

test('who was admitted before it opened does not wait for the end of somebody else’s trial', async () => {
  const world = new World()
  await world.fail(FAILURES)
  await pause(OPEN_MS + 5)
  let release: (answer: ProviderAnswer) => void = () => undefined
  world.answer = new Promise((resolve) => {
    release = resolve
  })
  const trial = world.exchange()
  await until(() => world.guard.state === 'half-open', 'the trial is under way')
  const told: string[] = []
  void world.ask().then((answer) => told.push(nameOf(answer)))
  await new Promise(setImmediate)
  expect(told).toEqual(['not-sent unreachable'])
  expect(world.asked).toBe(FAILURES + 1)
  release(ANSWERED)
  expect(await trial).toBe('200')
})

test('a fault of our own is a fault, and no failure of the provider', async () => {
  const world = new World()
  for (let time = 0; time < 2 * FAILURES; time += 1) {
    world.answer = Promise.reject(new Error('ours'))
    await expect(world.ask()).rejects.toThrow('ours')
  }
  expect(world.guard.state).toBe('closed')
})

test('no more are under way at one time than there are places, and nobody waits for one', async () => {
  const world = new World(2)
  const ends: (() => void)[] = []
  const work = (): Promise<void> =>
    new Promise((resolve) => {
      ends.push(resolve)
    })
  const first = world.guard.run(work)
  const second = world.guard.run(work)
  expect(world.guard.run(work)).toMatchObject({ kind: 'busy', code: 'Server.Load.Busy' })
  expect(ends).toHaveLength(2)
  ends[0]?.()
  await first
  const third = world.guard.run(work)
  expect(ends).toHaveLength(3)
  for (const end of ends) end()
  await Promise.all([second, third])
})
