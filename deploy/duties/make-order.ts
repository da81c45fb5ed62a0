/** Orders as officers write and sign them. The file holds national numbers: 0600, outside the data folder, destroyed when it has served. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { replaceFile } from '../../adapters/certs-folder/durable-file.ts'
import { personsOf } from '../../gateway/erasure/admit.ts'
import { statementText } from '../../gateway/erasure/approval.ts'
import type { Matter, Order } from '../../gateway/erasure/parts.ts'
import type { Approval, Statement } from '../../gateway/ledger/duty-events.ts'
import { isNationalNumber } from '../../policies/national-number.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { overwrite } from './destroy-file.ts'
import { jsonIn } from './officers-file.ts'
import { OrderMalformed, parseOrder } from './order.ts'

const DAY_MS = 86_400_000

export interface Signing {
  readonly officer: string
  readonly key: KeyObject
}

export function makeOrder(
  what: Pick<Statement, 'act' | 'basis' | 'before' | 'exchange' | 'hold' | 'keepDays'> & {
    readonly instance: string
    readonly days: number
    readonly numbers?: readonly string[]
  },
  first: Signing,
  now: Instant,
): Order {
  const { days, numbers, ...rest } = what
  const nonce = randomBytes(32).toString('base64url')
  const matter: Matter | undefined = numbers && { nonce, numbers }
  const statement: Statement = {
    ...rest,
    at: now,
    expires: Instant.ofMilliseconds(now + days * DAY_MS),
    id: randomUUID(),
    persons: personsOf(matter),
    v: 1,
  }
  const order = { statement, approvals: [approve(statement, first)], ...(matter && { matter }) }
  return parseOrder(JSON.parse(JSON.stringify(order)))
}

export function approve(statement: Statement, { key, officer }: Signing): Approval {
  const text = Buffer.from(statementText(statement))
  return { officer, signature: sign(undefined, text, key).toString('base64url') }
}

/** The second signature; an order that has two is as it was. Throws where it takes a second officer and none is named. */
export function approveFile(
  file: string,
  { key, officer }: { readonly key?: string; readonly officer?: string },
): Order {
  const order = readOrder(file)
  if (order.approvals.length > 1) return order
  if (officer === undefined || key === undefined) {
    throw new RangeError('a second officer approves with --officer ID and --key FILE')
  }
  const second = approve(order.statement, { officer, key: readOfficerKey(key) })
  const signed = { ...order, approvals: [...order.approvals, second] }
  // Kept before it is handed in: whatever happens on the way, nobody has to sign again.
  writeOrder(file, signed)
  return signed
}

export function readOrder(file: string): Order {
  return parseOrder(jsonIn(file))
}

/** What stood there before names persons, too: its bytes go as well, not only its name. */
export function writeOrder(file: string, order: Order): void {
  const before = existsSync(file) ? openSync(file, 'r+') : undefined
  try {
    replaceFile(file, `${JSON.stringify(order)}\n`, 0o600)
    if (before !== undefined) overwrite(before)
  } finally {
    if (before !== undefined) closeSync(before)
  }
}

/** One national number a line; `-` is standard input. Never an argument: those are seen in the list of processes. */
export function readNumbers(file: string): readonly string[] {
  const lines = readFileSync(file === '-' ? 0 : file, 'utf8').split('\n')
  const numbers = lines.map((line) => line.trim()).filter((line) => line !== '')
  const wrong = numbers.findIndex((number) => !isNationalNumber(number, { syntheticIds: true }))
  if (wrong >= 0) throw new OrderMalformed(`number ${String(wrong + 1)} is no national number`)
  if (numbers.length === 0) throw new OrderMalformed('there is no national number in it')
  return [...new Set(numbers)]
}

/** Answers the public key, base64url. */
export function makeOfficerKey(file: string): string {
  if (existsSync(file)) throw new RangeError(`${file} is there already`)
  const { privateKey } = generateKeyPairSync('ed25519')
  replaceFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600)
  return publicPart(privateKey)
}

export function readOfficerKey(file: string): KeyObject {
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new RangeError(`${file} can be read by other users; it must have mode 0600`)
  }
  const key = createPrivateKey(readFileSync(file))
  if (key.asymmetricKeyType !== 'ed25519') throw new RangeError(`${file} is no Ed25519 key`)
  return key
}

function publicPart(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'jwk' }).x ?? ''
}
