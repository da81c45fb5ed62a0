/** Until when Kafka takes what a gateway shows there, and until when the gateway takes what Kafka shows. */
import type { X509Certificate } from 'node:crypto'
import type { KafkaConnection } from '../adapters/ledger-kafka/connection.ts'
import type { KafkaCertificate } from '../gateway/ports/telemetry.ts'
import { Instant } from '../policies/vocabulary.ts'
import { pemCertificates } from './pem-certificates.ts'

export interface KafkaEnd {
  readonly certificate: KafkaCertificate
  /** In the past: it has ended. Undefined: it can't be read, or is not in force yet. */
  readonly at: Instant | undefined
}

/** Of each file that is configured. Looked up every second: the files were read before. */
export type KafkaEnds = (now: Instant) => readonly KafkaEnd[]

export function kafkaEnds(
  writer: KafkaConnection['tls'],
  reader: KafkaConnection['tls'],
): KafkaEnds {
  const looks = [
    look('writer', writer?.cert, endOfShown),
    look('writer-authorities', writer?.ca.join('\n'), endOfTrusted),
    look('reader', reader?.cert, endOfShown),
    look('reader-authorities', reader?.ca.join('\n'), endOfTrusted),
  ].filter((one) => one !== undefined)
  return (now) => looks.map((at) => at(now))
}

type EndOf = (certificates: readonly X509Certificate[], now: Instant) => Instant | undefined

function look(
  certificate: KafkaCertificate,
  pem: string | undefined,
  endOf: EndOf,
): ((now: Instant) => KafkaEnd) | undefined {
  if (pem === undefined) return undefined
  const certificates = readable(pem)
  return (now) => ({ certificate, at: endOf(certificates, now) })
}

/** A start does not fail for one that is none: connecting does, and says so. */
function readable(pem: string): readonly X509Certificate[] {
  try {
    return pemCertificates(pem)
  } catch {
    return []
  }
}

/** A principal's and those that are shown with it: where one of them has ended the broker may find no way to its authority. */
export function endOfShown(
  certificates: readonly X509Certificate[],
  now: Instant,
): Instant | undefined {
  if (certificates.length === 0 || certificates.some((one) => !hasBegun(one, now))) return undefined
  return Instant.ofMilliseconds(Math.min(...certificates.map(endOf)))
}

/** While authorities change, the old and the new one stand there: the last to end counts, once it is in force. */
export function endOfTrusted(
  certificates: readonly X509Certificate[],
  now: Instant,
): Instant | undefined {
  const begun = certificates.filter((one) => hasBegun(one, now))
  if (begun.length === 0) return undefined
  return Instant.ofMilliseconds(Math.max(...begun.map(endOf)))
}

function hasBegun({ validFromDate }: X509Certificate, now: Instant): boolean {
  return validFromDate.getTime() <= now
}

function endOf({ validToDate }: X509Certificate): number {
  return validToDate.getTime()
}
