/** A complete configuration, as `gongdao serve --print-example` prints it. Every section and every member stands in it. */
import type { z } from 'zod'
import { HEALTH_BOUNDS } from './health.ts'
import type { CONFIG } from './read-config.ts'

export const EXAMPLE: z.input<typeof CONFIG> = {
  data: '/var/lib/gongdao',
  gateway: 'TW/GOV/GONGDAO/gateway-1',
  listen: { host: '0.0.0.0', port: 8443 },
  addresses: {
    'TW/GOV/A21030000I/nhi-enrolment': 'https://nhi.example.gov.tw:8443',
    'TW/GOV/A05000000A/tax/annual-income': 'https://tax.example.gov.tw:8443/r1',
  },
  syntheticIds: false,
  revocationGraceMs: 3_600_000,
  rememberedExchanges: 100_000,
  cache: '/var/cache/gongdao',
  limits: {
    handshakeMs: 5_000,
    headersMs: 10_000,
    requestMs: 30_000,
    checkMs: 1_000,
    keepAliveMs: 65_000,
    silenceMs: 120_000,
    lingerMs: 1_000,
    headerBytes: 16_384,
    headers: 100,
    bodyBytes: 1_048_576,
    connections: 10_000,
    inFlight: 2_048,
  },
  stop: { finishWithinMs: 25_000 },
  timestamps: {
    url: 'https://timestamp.example.gov.tw/tsa',
    roots: '/etc/gongdao/timestamp-roots.pem',
    policies: ['2.999.1.1'],
    everyMs: 60_000,
    timeoutMs: 10_000,
    toleranceMs: 60_000,
    renewBeforeMs: 2_592_000_000,
  },
  health: { host: '127.0.0.1', port: 9090, ...HEALTH_BOUNDS },
}
