import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { makeBulkheads } from '../../../adapters/limits/bulkheads.ts'
import { ServiceId, SubsystemId, subsystemOf } from '../../../policies/vocabulary.ts'

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
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
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
