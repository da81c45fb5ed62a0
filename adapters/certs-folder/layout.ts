/** Where things stand under `<data>/certs/`. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Identity } from '../../certs/identity.ts'

export interface Layout {
  readonly folder: string
  readonly rootCertificate: string
  readonly rootKey: string
  readonly issuingCertificate: string
  readonly issuingKey: string
  readonly revocationList: string
  /** Append-only: what was issued and what was revoked. */
  readonly index: string
  readonly issued: string
}

export function layoutOf(folder: string): Layout {
  return {
    folder,
    rootCertificate: join(folder, 'root.crt'),
    rootKey: join(folder, 'root.key'),
    issuingCertificate: join(folder, 'issuing.crt'),
    issuingKey: join(folder, 'issuing.key'),
    revocationList: join(folder, 'crl.pem'),
    index: join(folder, 'index.jsonl'),
    issued: join(folder, 'issued'),
  }
}

const LONGEST_NAME = 120

/**
 * A file name for an identity, the same on every file system: `+` for `/` (percent-encoding never leaves one), the few
 * characters that some systems refuse encoded as well, and long ones cut and told apart by a digest.
 */
export function safeName(identity: Identity): string {
  const name = `${identity.kind}.${identity.id}`
    .replaceAll('/', '+')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  if (name.length <= LONGEST_NAME) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16)
  return `${name.slice(0, LONGEST_NAME - 17)}~${digest}`
}
