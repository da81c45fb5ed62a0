/** Who time-stamps the heads of the ledger (RFC 3161). Absent: nobody, and nothing can be pruned. */
import { z } from 'zod'
import { milliseconds, text, url } from './pieces.ts'

const DAY_MS = 86_400_000

export const timestamps = z
  .strictObject({
    url: url(
      ['http:', 'https:'],
      'where the time-stamping authority answers: an http or https URL',
    ),
    roots: text('a file of the certificates, PEM, that the authority’s own must lead to'),
    policies: z
      .array(z.string().regex(/^[0-2](\.(0|[1-9]\d*))+$/))
      .nonempty()
      .describe('object identifiers of the policies that are accepted; leave it out for any')
      .exactOptional(),
    everyMs: milliseconds('how often the ledger is time-stamped').default(60_000),
    timeoutMs: milliseconds('how long an answer is waited for', 60_000).default(10_000),
    toleranceMs: milliseconds('how far the authority’s clock may be from ours').default(60_000),
    renewBeforeMs: milliseconds(
      'how long before its certificate ends a time-stamp is renewed',
      3650 * DAY_MS,
    ).default(30 * DAY_MS),
  })
  .describe('who time-stamps the ledger (RFC 3161): {"url": …, "roots": …}')

export type Timestamps = z.infer<typeof timestamps>
