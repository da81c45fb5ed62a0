import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { makeBulkheads } from '../../../adapters/limits/bulkheads.ts'
import type { ProviderAnswer, ProviderRequest } from '../../../gateway/ports/provider.ts'
import { ServiceId, SubsystemId, subsystemOf } from '../../../policies/vocabulary.ts'
import { until } from '../../harness/until.ts'

const CONSUMERS = ['a', 'b', 'c'].map((name) => SubsystemId.parse(`TW/GOV/A/${name}`))
const SERVICES = ['x/1', 'x/2', 'y/1'].map((name) => ServiceId.parse(`TW/GOV/P/${name}`))
const LIMITS = { ofConsumer: 4, atOneTime: 5, ofConsumerAtProvider: 3 }

test('whoever comes and goes: no more at one time of a consumer, at a provider, or of the one at the other; and nobody is refused without need', async () => {
  const step = fc.record({
    consumer: fc.constantFrom(...CONSUMERS),
    service: fc.option(fc.constantFrom(...SERVICES), { nil: undefined }),
    leave: fc.nat(20),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const bulkheads = makeBulkheads({
        ...LIMITS,
        failuresInARow: 10,
        openForMs: 1000,
        providerOf: subsystemOf,
        onChange: () => undefined,
      })
      const inside: { consumer: string; provider: string | undefined; end: () => void }[] = []
      for (const { consumer, leave, service } of steps) {
        const provider = service && subsystemOf(service)
        const count = (...names: (string | undefined)[]): number =>
          inside.filter((one) => names.every((name) => [one.consumer, one.provider].includes(name)))
            .length
        const fits =
          count(consumer) < LIMITS.ofConsumer &&
          (provider === undefined ||
            (count(provider) < LIMITS.atOneTime &&
              count(consumer, provider) < LIMITS.ofConsumerAtProvider))
        let end: () => void = () => undefined
        const ran = bulkheads.run(
          consumer,
          service,
          () =>
            new Promise<void>((resolve) => {
              end = resolve
            }),
        )
        expect('then' in ran).toBe(fits)
        if (fits) inside.push({ consumer, provider, end })
        const [left] = leave < inside.length ? inside.splice(leave, 1) : []
        left?.end()
        await new Promise(setImmediate)
      }
    }),
    { numRuns: 60 },
  )
})

const FAILED: ProviderAnswer = { kind: 'unanswered', why: 'timeout' }

test('a provider is out of order, with how it failed, until a trial has shown that it answers', async () => {
  const changes: string[] = []
  const [first, second, other] = SERVICES as [ServiceId, ServiceId, ServiceId]
  const bulkheads = makeBulkheads({
    ...LIMITS,
    failuresInARow: 2,
    openForMs: 1,
    providerOf: subsystemOf,
    onChange: (provider, state) => changes.push(`${provider} ${state}`),
  })
  let answer: ProviderAnswer | Promise<ProviderAnswer> = FAILED
  const provider = bulkheads.guard({ ask: () => Promise.resolve(answer) })
  const ask = (service: ServiceId): Promise<ProviderAnswer> =>
    provider.ask({ service } as ProviderRequest)

  await ask(first)
  expect(bulkheads.outOfOrder()).toEqual([])
  // Services of one subsystem are one provider: what failed of the one counts for the other.
  await ask(second)
  expect(bulkheads.outOfOrder()).toEqual([{ provider: 'TW/GOV/P/x', why: 'timeout' }])
  let end: (answer: ProviderAnswer) => void = () => undefined
  answer = new Promise((resolve) => {
    end = resolve
  })
  let trial: Promise<ProviderAnswer> | undefined
  await until(() => {
    const ran = bulkheads.run(CONSUMERS[0]!, first, () => (trial = ask(first)))
    return 'then' in ran
  }, 'one is let through on trial')
  expect(bulkheads.outOfOrder()).toEqual([{ provider: 'TW/GOV/P/x', why: 'timeout' }])
  end({ kind: 'answered', status: 200, headers: [], body: Buffer.of() })
  await trial
  expect(bulkheads.outOfOrder()).toEqual([])
  expect(changes).toEqual(['open', 'half-open', 'closed'].map((state) => `TW/GOV/P/x ${state}`))
  answer = FAILED
  await ask(other)
  expect(bulkheads.outOfOrder()).toEqual([])
})
