/** A complete configuration, as `gongdao serve --print-example` prints it. Every section and every member stands in it. */
import type { z } from 'zod'
import { LIMITS } from '../../gateway/http/limits.ts'
import { ADMISSION } from './admission.ts'
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
  limits: LIMITS,
  stop: { finishWithinMs: 25_000 },
  keys: { backupDays: 7 },
  registrar: { listen: { host: '0.0.0.0', port: 8444 } },
  replication: {
    durability: 'replicated',
    brokers: ['kafka-1.example.gov.tw:9093', 'kafka-2.example.gov.tw:9093'],
    prefix: 'gongdao',
    partitions: 12,
    copies: 3,
    writer: {
      brokers: ['kafka-1.example.gov.tw:9093'],
      ca: '/etc/gongdao/kafka-ca.pem',
      certificate: '/etc/gongdao/kafka-writer.crt',
      key: '/etc/gongdao/kafka-writer.key',
      username: 'gateway-1',
      passwordFile: '/run/secrets/kafka-writer',
    },
    reader: {
      brokers: ['kafka-2.example.gov.tw:9093'],
      ca: '/etc/gongdao/kafka-ca.pem',
      certificate: '/etc/gongdao/kafka-reader.crt',
      key: '/etc/gongdao/kafka-reader.key',
      username: 'gateway-1-reader',
      passwordFile: '/run/secrets/kafka-reader',
    },
    backlog: { records: 200_000, bytes: 500_000_000, ms: 10_000 },
    readBackMs: 10_000,
  },
  timestamps: {
    url: 'https://timestamp.example.gov.tw/tsa',
    roots: '/etc/gongdao/timestamp-roots.pem',
    policies: ['2.999.1.1'],
    everyMs: 60_000,
    timeoutMs: 10_000,
    toleranceMs: 60_000,
    renewBeforeMs: 2_592_000_000,
  },
  archive: { highWater: '/var/lib/gongdao-marks/gateway-1.json' },
  witnesses: {
    require: 2,
    whenAway: { refuseAfterMs: 600_000 },
    deadlineMs: 5_000,
    witnesses: [
      {
        key: 'audit.example.gov.tw/w1+d055ae96+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c',
        url: 'https://witness.audit.example.gov.tw',
        ca: '/etc/gongdao/audit-ca.pem',
      },
      {
        key: 'ndc.example.gov.tw/w1+def5e694+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU',
        url: 'https://witness.ndc.example.gov.tw',
      },
      {
        key: 'university.example/w1+6044b0ca+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR',
        url: 'https://witness.university.example',
      },
    ],
  },
  admission: {
    rates: {
      consumer: { requests: 300, withinSeconds: 1 },
      service: { requests: 1_000, withinSeconds: 1 },
      consumers: { 'TW/GOV/379000000A/social-assistance': { requests: 600, withinSeconds: 1 } },
      services: {
        'TW/GOV/A05000000A/tax/annual-income': { requests: 100, withinSeconds: 1 },
      },
    },
    ...ADMISSION,
    atOneTime: { consumer: 128, provider: 256, consumerAtProvider: 64 },
    redis: {
      url: 'rediss://redis.example.gov.tw:6379',
      username: 'gateway',
      passwordFile: '/run/secrets/redis',
      caFile: '/etc/gongdao/redis-ca.pem',
      timeoutMs: 100,
      share: 0.5,
    },
  },
  health: { host: '127.0.0.1', port: 9090, ...HEALTH_BOUNDS },
  telemetry: {
    traceShare: 0.01,
    collector: { url: 'http://127.0.0.1:4318/', everyMs: 15_000 },
    log: { level: 'info', file: '/var/log/gongdao/gateway.log' },
  },
}
