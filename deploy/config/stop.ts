/** How a gateway stops. */
import { z } from 'zod'
import { milliseconds } from './pieces.ts'

export const stop = z
  .strictObject({
    finishWithinMs: milliseconds('how long exchanges under way may take to finish', 600_000),
  })
  .describe('how a gateway stops: {"finishWithinMs": …}')

export type Stop = z.infer<typeof stop>

/** Longer than most services' deadlines, shorter than the patience of those who stop processes. */
export const STOP: Stop = { finishWithinMs: 25_000 }
