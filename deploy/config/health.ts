/** Where the gateway tells how it is. Absent: nowhere. */
import { isIPv4 } from 'node:net'
import { z } from 'zod'
import { milliseconds, port, whole } from './pieces.ts'

export interface HealthBounds {
  readonly diskFreeBytes: number
  readonly certificateWarningMs: number
  readonly eventLoopMs: number
}

export const HEALTH_BOUNDS: HealthBounds = {
  diskFreeBytes: 2 * 1024 ** 3,
  certificateWarningMs: 21 * 86_400_000,
  eventLoopMs: 250,
}

const YEAR_MS = 365 * 86_400_000

export const health = z
  .strictObject({
    host: z
      .string()
      .refine(isLoopback)
      .default('127.0.0.1')
      .describe('an address of this machine only: 127.0.0.1, ::1 or localhost'),
    port,
    diskFreeBytes: whole(0, 2 ** 50, 'free bytes of the disk below which it is told').default(
      HEALTH_BOUNDS.diskFreeBytes,
    ),
    certificateWarningMs: milliseconds(
      'how long before a certificate ends it is told',
      YEAR_MS,
    ).default(HEALTH_BOUNDS.certificateWarningMs),
    eventLoopMs: milliseconds(
      'longest delay of the event loop in a second from which it is told',
    ).default(HEALTH_BOUNDS.eventLoopMs),
  })
  .describe('the listener of /livez, /readyz and /metrics: {"port": …}')

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

export type HealthSection = z.infer<typeof health>
