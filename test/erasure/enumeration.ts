/**
 * What somebody finds who has everything of an operator's and tries: every secret that stands in any of the files, on every candidate
 * number, against every value of 32 bytes that stands anywhere.
 */
import { createHmac, createPrivateKey, hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import { pseudonym, unseal } from '../../gateway/ledger/sealing.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { filesBelow } from '../harness/canary-search.ts'

export interface Found {
  /** Candidates to whom something leads. */
  readonly numbers: readonly string[]
  /** Exchanges among `decisions` whose pseudonym or sealed details a secret leads to. */
  readonly exchanges: readonly string[]
}

export function enumerate(
  folders: readonly string[],
  candidates: readonly string[],
  decisions: readonly DecisionRecord[],
): Found {
  const files = folders.flatMap(filesBelow)
  const secrets = [...everySecret(files)].map((text) => Buffer.from(text, 'base64url'))
  const standing = everyValue(files)
  const numbers = candidates.filter((number) =>
    secrets.some((secret) => derived(secret, number).some((value) => standing.has(value))),
  )
  const exchanges = decisions
    .filter((decision) => secrets.some((secret) => leadsTo(secret, decision)))
    .map(({ exchange }) => exchange)
  return { numbers, exchanges }
}

/** The one number by the one secret: the handle that the store is indexed by, and what an order holds of persons. */
function derived(secret: Buffer, number: string): readonly string[] {
  return [
    createHmac('sha256', secret).update(number).digest('base64url'),
    hash('sha256', Buffer.concat([secret, Buffer.from(canonicalJson([number]))]), 'base64url'),
  ]
}

function leadsTo(secret: Buffer, decision: DecisionRecord): boolean {
  const { controllers, exchange, sealed, subject } = decision
  const year = new Date(decision.question.at + 8 * 3_600_000).getUTCFullYear()
  return (
    pseudonym(secret, { ...controllers, year }) === subject ||
    unseal(secret, exchange, sealed).kind === 'opened'
  )
}

/** Base64url: rows of every table, keys of backups, private keys of log and TLS, and whatever text is 32 bytes. */
function everySecret(files: readonly string[]): ReadonlySet<string> {
  const secrets = new Set<string>()
  for (const file of files) {
    if (basename(file) === 'keys.sqlite') for (const blob of blobsIn(file)) secrets.add(blob)
    if (file.endsWith('.key')) secrets.add(privatePartOf(file))
    if (file.includes('/keys/')) for (const text of textsIn(file)) secrets.add(text)
  }
  return secrets
}

/** Every value of 32 bytes that stands in a file, however it is spelled there. */
function everyValue(files: readonly string[]): ReadonlySet<string> {
  const values = new Set<string>()
  for (const file of files) {
    if (basename(file) === 'keys.sqlite') for (const blob of blobsIn(file)) values.add(blob)
    for (const text of textsIn(file)) values.add(text)
  }
  return values
}

/** What stands in free pages and slack is in none: `filesWith` looks for the bytes themselves. */
function blobsIn(file: string): readonly string[] {
  const database = new DatabaseSync(file, { readOnly: true })
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  const rows = tables.flatMap(({ name }) =>
    database.prepare(`SELECT * FROM "${String(name)}"`).all(),
  )
  database.close()
  return rows
    .flatMap((row) => Object.values(row))
    .map((value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : String(value),
    )
    .filter((text) => text.length === 43)
}

function textsIn(file: string): readonly string[] {
  const text = readFileSync(file, 'latin1')
  const found = text.match(/(?<![\w-])[\w-]{43}(?![\w-])/g) ?? []
  const hex = text.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? []
  return [...found, ...hex.map((one) => Buffer.from(one, 'hex').toString('base64url'))]
}

function privatePartOf(file: string): string {
  return createPrivateKey(readFileSync(file)).export({ format: 'jwk' }).d?.slice(0, 43) ?? ''
}
