/** A complete configuration, as `gongdao serve --print-example` prints it. Every section and every member stands in it. */
import type { z } from 'zod'
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
}
