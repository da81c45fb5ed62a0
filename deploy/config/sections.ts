/**
 * The optional sections of the configuration, one for each part: a zod schema in a file of its own beside this one. A section that
 * is absent leaves its part as embedded by default.
 */
import { health } from './health.ts'
import { stop } from './stop.ts'
import { timestamps } from './timestamps.ts'

export const SECTIONS = {
  stop: stop.exactOptional(),
  timestamps: timestamps.exactOptional(),
  health: health.exactOptional(),
}
