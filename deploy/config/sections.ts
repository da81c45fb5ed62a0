/**
 * The optional sections of the configuration, one for each part: a zod schema in a file of its own beside this one. A section that
 * is absent leaves its part as embedded by default.
 */
import { admission } from './admission.ts'
import { archive } from './archive.ts'
import { health } from './health.ts'
import { keys } from './keys.ts'
import { registrar } from './registrar.ts'
import { replication } from './replication.ts'
import { stop } from './stop.ts'
import { telemetry } from './telemetry.ts'
import { timestamps } from './timestamps.ts'
import { witnesses } from './witnesses.ts'

export const SECTIONS = {
  stop: stop.exactOptional(),
  keys: keys.exactOptional(),
  registrar: registrar.exactOptional(),
  replication: replication.exactOptional(),
  timestamps: timestamps.exactOptional(),
  archive: archive.exactOptional(),
  witnesses: witnesses.exactOptional(),
  admission: admission.exactOptional(),
  health: health.exactOptional(),
  telemetry: telemetry.exactOptional(),
}
