/** How much may be asked. Absent: nobody's requests are counted, and the places are those of ADMISSION. */
import { z } from 'zod'
import { ServiceId, SubsystemId } from '../../policies/vocabulary.ts'
import { milliseconds, text, url, whole, word } from './pieces.ts'

const quota = z
  .strictObject({
    requests: whole(1, 1_000_000_000, 'requests in each window'),
    withinSeconds: whole(1, 86_400, 'length of the window in seconds'),
  })
  .describe('{"requests": …, "withinSeconds": …}')

const consumer = word(SubsystemId, 'a consumer: instance/class/code/subsystem')
const service = word(ServiceId, 'a service: instance/class/code/subsystem/service')
const places = (of: string): z.ZodNumber => whole(1, 100_000, of)

export interface AdmissionPlaces {
  readonly atOneTime: {
    readonly consumer: number
    readonly provider: number
    readonly consumerAtProvider: number
  }
  readonly breaker: { readonly failuresInARow: number; readonly openForMs: number }
  readonly refuseAfterMs: number
}

/** As many at a provider as there are connections to it. */
export const ADMISSION: AdmissionPlaces = {
  atOneTime: { consumer: 512, provider: 256, consumerAtProvider: 256 },
  breaker: { failuresInARow: 20, openForMs: 10_000 },
  refuseAfterMs: 200,
}

export const admission = z
  .strictObject({
    rates: z
      .strictObject({
        consumer: quota.exactOptional(),
        service: quota.exactOptional(),
        consumers: z.record(consumer, quota).default({}),
        services: z.record(service, quota).default({}),
      })
      .describe('requests of each consumer, and to each service by all consumers together')
      .exactOptional(),
    atOneTime: z
      .strictObject({
        consumer: places('exchanges of one consumer under way at one time'),
        provider: places('exchanges with one provider under way at one time'),
        consumerAtProvider: places('exchanges of one consumer with one provider at one time'),
      })
      .default(ADMISSION.atOneTime),
    breaker: z
      .strictObject({
        failuresInARow: whole(1, 100_000, 'failures in a row after which a provider is not asked'),
        openForMs: milliseconds('for how long it is not asked'),
      })
      .default(ADMISSION.breaker),
    refuseAfterMs: whole(0, 10_000, 'how long a refusal is held back, in milliseconds').default(
      ADMISSION.refuseAfterMs,
    ),
    redis: z
      .strictObject({
        url: url(['redis:', 'rediss:'], 'redis://host:port or rediss://host:port'),
        username: text('the user’s name').exactOptional(),
        passwordFile: text('a file that holds the password only').exactOptional(),
        caFile: text('a file of the CA’s certificate, PEM').exactOptional(),
        timeoutMs: milliseconds('how long an answer is waited for', 10_000).default(100),
        share: z
          .number()
          .gt(0)
          .max(1)
          .describe('the part of each quota while Redis is away: above 0, at most 1'),
      })
      .describe('where several gateways count together: {"url": …, "share": …}')
      .exactOptional(),
  })
  .describe('how much may be asked: rates, places, breakers')

export type Admission = z.infer<typeof admission>
