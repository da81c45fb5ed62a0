/** The files and messages of officers, read strictly: whatever is not exactly one is refused before it is looked at. */
import { z } from 'zod'
import type { Officer, Statement } from '../../gateway/ledger/duty-events.ts'
import type { Order } from '../../gateway/erasure/parts.ts'
import { publicKeyOf } from '../../gateway/erasure/approval.ts'
import { Digest, ExchangeId, Instant } from '../../policies/vocabulary.ts'

export const BASE64URL_32 = /^[A-Za-z0-9_-]{43}$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const MOST_PERSONS = 1000

const officerId = z.string().regex(/^[A-Z][A-Z0-9-]{1,31}$/, 'a code such as DPO-1, never a name')
export const time = z
  .number()
  .int()
  .transform((value) => Instant.ofMilliseconds(value))
const exchange = z
  .string()
  .regex(UUID)
  .transform((text) => ExchangeId.parse(text))
const digest = z
  .string()
  .regex(BASE64URL_32)
  .transform((text) => Digest.parse(text))

const COMMON = {
  at: time,
  basis: z.string().max(32),
  expires: time,
  id: z.string().regex(UUID),
  instance: z.string().max(128),
  v: z.literal(1),
}

export const statement = z.union([
  z.strictObject({ ...COMMON, act: z.literal('erase'), persons: digest }),
  z.strictObject({ ...COMMON, act: z.literal('hold'), persons: digest }),
  z.strictObject({ ...COMMON, act: z.literal('hold'), exchange }),
  z.strictObject({ ...COMMON, act: z.literal('release'), hold: z.string().regex(UUID) }),
  z.strictObject({ ...COMMON, act: z.literal('open'), exchange }),
  z.strictObject({ ...COMMON, act: z.literal('prune'), before: time, keepDays: z.int().min(1) }),
])

const matter = z.strictObject({
  nonce: z.string().regex(BASE64URL_32),
  numbers: z.array(z.string().min(1).max(32)).min(1).max(MOST_PERSONS),
})

export const approvals = z
  .array(z.strictObject({ officer: officerId, signature: z.string().max(128) }))
  .max(2)

const order = z.strictObject({
  statement,
  approvals,
  matter: matter.optional(),
})

/** Of a pruning: what would go. */
const plan = z.strictObject({
  archive: digest,
  chains: z.array(z.strictObject({ chain: z.string().max(256), size: z.int().min(1) })),
})

const asking = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('order'), order: z.unknown(), plan: plan.optional() }),
  z.strictObject({
    ask: z.literal('known'),
    subjects: z.array(z.string().max(64)).readonly(),
    exchanges: z.array(z.string().max(64)).readonly(),
  }),
  z.strictObject({ ask: z.literal('held'), subjects: z.array(z.string().max(64)).readonly() }),
  z.strictObject({ ask: z.literal('backup'), days: z.number(), passphrase: z.string() }),
])
/** What is asked through the door. */
export type Asking = z.infer<typeof asking>

const officers = z
  .strictObject({
    officers: z.array(
      z.strictObject({
        id: officerId,
        key: z
          .string()
          .refine((text) => publicKeyOf(text) !== undefined, '32 bytes of Ed25519, base64url'),
        roles: z.array(z.enum(['auditor', 'data-protection', 'erasure', 'legal'])).min(1),
      }),
    ),
  })
  .refine((file) => areDistinct(file.officers.map(({ id }) => id)), 'two officers have one id')
  .refine(
    // One key for two ids would be one person who approves herself.
    (file) => areDistinct(file.officers.map(({ key }) => key)),
    'two officers have one key',
  )

/** What is not an order, for whoever wrote it; never repeats a value of it. */
export class OrderMalformed extends Error {
  override readonly name = 'OrderMalformed'
}

export function parseOrder(value: unknown): Order {
  const read = order.safeParse(value)
  if (!read.success) throw malformed('an order of gongdao', read.error)
  const isOnePerson = read.data.matter === undefined || read.data.matter.numbers.length === 1
  if (read.data.statement.act === 'hold' && !isOnePerson) {
    throw new OrderMalformed('a hold is about one person: make one for each')
  }
  return { ...read.data, statement: read.data.statement satisfies Statement }
}

export function parseAsking(value: unknown): Asking {
  const read = asking.safeParse(value)
  if (!read.success) throw malformed('a question of an officer', read.error)
  return read.data
}

export function parseOfficers(value: unknown): readonly Officer[] {
  const read = officers.safeParse(value)
  if (!read.success) throw malformed('a list of officers', read.error)
  return read.data.officers
}

function malformed(what: string, error: z.ZodError): OrderMalformed {
  const [first] = error.issues
  const place = first === undefined ? '' : `/${first.path.map(String).join('/')}`
  return new OrderMalformed(`this is not ${what}: look at ${place} (${first?.code ?? ''})`)
}

function areDistinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length
}
