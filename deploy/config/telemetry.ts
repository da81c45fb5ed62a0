/** What the gateway tells of itself, and to whom. Absent: nothing is measured; what an operator must know goes to standard error. */
import { z } from 'zod'
import { LEVELS } from '../../adapters/log-pino/levels.ts'
import { text, url, whole } from './pieces.ts'

export const telemetry = z
  .strictObject({
    traceShare: z
      .number()
      .min(0)
      .max(1)
      .describe(
        'the share of exchanges whose trace is exported, from 0 to 1; refusals and faults always are. Without it there are no traces',
      )
      .exactOptional(),
    collector: z
      .strictObject({
        url: url(
          ['http:', 'https:'],
          'the base URL of an OpenTelemetry collector (OTLP over HTTP, protobuf), e.g. http://127.0.0.1:4318/',
        ),
        everyMs: whole(
          1_000,
          600_000,
          'how often metrics are sent to the collector, in milliseconds',
        ).default(15_000),
      })
      .describe('where traces and metrics are sent: {"url": …, "everyMs": …}')
      .exactOptional(),
    log: z
      .strictObject({
        level: z
          .enum(LEVELS)
          .default('info')
          .describe(`from which urgency on a line is written: ${LEVELS.join(', ')}`),
        file: text('a file that lines are appended to; without it standard output').exactOptional(),
      })
      .default({ level: 'info' })
      .describe('the log, one JSON object a line: {"level": …, "file": …}'),
  })
  .describe('what the gateway tells of itself: {"traceShare": …, "collector": …, "log": …}')

export type TelemetrySection = z.infer<typeof telemetry>
