/** Where the ledger is carried to: Apache Kafka. Absent: it stands in the journal alone. */
import { z } from 'zod'
import type { ReplicationBounds } from '../../gateway/replication/replication.ts'
import { text, whole } from './pieces.ts'

const brokers = z
  .array(z.string().regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i))
  .nonempty()
  .describe('where Kafka answers: ["host:port", …]')

const principal = (of: string): z.ZodType<Principal> =>
  z
    .strictObject({
      brokers: brokers.exactOptional(),
      ca: text(
        'a file of the certificates, PEM, that the brokers’ own must lead to',
      ).exactOptional(),
      certificate: text('a file with the certificate to show, PEM').exactOptional(),
      key: text('a file with its private key, PEM').exactOptional(),
      username: text('the name to sign in with (SCRAM-SHA-512)').exactOptional(),
      passwordFile: text('a file that holds the password and nothing else').exactOptional(),
    })
    .describe(
      `${of}: {"ca": …, "certificate": …, "key": …}, or {"ca": …, "username": …, "passwordFile": …}`,
    )

export interface Principal {
  /** Where this principal has to come to; absent: as all. */
  readonly brokers?: readonly string[]
  readonly ca?: string
  readonly certificate?: string
  readonly key?: string
  readonly username?: string
  readonly passwordFile?: string
}

export const replication = z
  .strictObject({
    durability: z
      .enum(['journal', 'replicated'])
      .describe(
        'what a reply waits for: "journal", or "replicated": Kafka has the records as well',
      ),
    brokers,
    prefix: z
      .string()
      .regex(/^[a-zA-Z0-9._-]{1,200}$/)
      .describe('the topics are <prefix>.registry, <prefix>.exchange and <prefix>.checkpoints')
      .default('gongdao'),
    partitions: whole(1, 10_000, 'partitions of the topic <prefix>.exchange').default(1),
    copies: whole(1, 9, 'copies that Kafka keeps of each record').default(3),
    writer: principal('who writes to Kafka, and may do nothing else'),
    reader: principal('who reads back what was written, and may do nothing else'),
    backlog: z
      .strictObject({
        records: whole(1, 10_000_000, 'records that may wait to be sent').default(200_000),
        bytes: whole(1, 1_000_000_000_000, 'bytes that may wait to be sent').default(500_000_000),
        ms: whole(100, 86_400_000, 'how long one may wait, in milliseconds').exactOptional(),
      })
      .describe('how much may wait to be sent before exchanges are refused')
      .prefault({}),
    readBackMs: whole(
      1000,
      3_600_000,
      'how soon what Kafka acknowledged must have been read back, in milliseconds',
    ).default(10_000),
  })
  .describe(
    'where the ledger is carried to: {"durability": …, "brokers": …, "writer": …, "reader": …}',
  )

export type ReplicationConfig = z.infer<typeof replication>

/** A reply waits for Kafka no longer than its caller; where it does not wait, Kafka may be away for some minutes. */
const BACKLOG_MS = { replicated: 10_000, journal: 300_000 } as const

export function boundsOf({
  backlog,
  durability,
  readBackMs,
}: ReplicationConfig): ReplicationBounds {
  return {
    backlogRecords: backlog.records,
    backlogBytes: backlog.bytes,
    backlogMs: backlog.ms ?? BACKLOG_MS[durability],
    readBackMs,
  }
}
