/**
 * The words that must not be mixed up, as types. Each has one way in: `parse`, which throws `Malformed`
 * (a fault of whoever sent the text). The only casts of the code base stand here.
 */
import { isCalendarDate } from './calendar-date.ts'

declare const kind: unique symbol
export type Id<Kind extends string> = string & { readonly [kind]: Kind }

/** `instance/class/code`, each part percent-encoded (X-Road PR-REST 4.8). */
export type MemberId = Id<'MemberId'>
/** `instance/class/code/subsystem`. */
export type SubsystemId = Id<'SubsystemId'>
/** `instance/class/code/subsystem/service`. */
export type ServiceId = Id<'ServiceId'>
/** `instance/class/code/server`. */
export type GatewayId = Id<'GatewayId'>
/** `METHOD /path/{template}` as registered. */
export type EndpointId = Id<'EndpointId'>
/** A code of the PDPA purpose list, three digits. */
export type PurposeCode = Id<'PurposeCode'>
/** A legal basis, e.g. `PDPA-15-1`. */
export type BasisCode = Id<'BasisCode'>
/** A category of personal data, e.g. `C081`. */
export type CategoryCode = Id<'CategoryCode'>
export type AgreementId = Id<'AgreementId'>
/** A registered field of a service's answer. */
export type FieldName = Id<'FieldName'>
/** SHA-256, base64url without padding (43 characters). */
export type Digest = Id<'Digest'>
/** UUID of one exchange, minted by the gateway. */
export type ExchangeId = Id<'ExchangeId'>
/** The id of a rule of the Cedar set. */
export type RuleId = Id<'RuleId'>
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number & { readonly [kind]: 'Instant' }

/** Text that is not what its place demands. `place` says where, `expected` what would have been right. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
  readonly expected: string
  constructor(expected: string) {
    super(`expected ${expected}`)
    this.expected = expected
  }
}

function idOf<T extends string>(
  pattern: RegExp,
  expected: string,
): { parse: (text: unknown) => T } {
  return {
    parse(text: unknown): T {
      if (typeof text !== 'string' || !pattern.test(text)) throw new Malformed(expected)
      return text as T
    },
  }
}

export const PurposeCode = idOf<PurposeCode>(
  /^[0-9]{3}$/,
  'a purpose code of three digits, e.g. 031',
)
export const BasisCode = idOf<BasisCode>(
  /^PDPA-(6-1-[1-6]|15-[1-3]|16-[0-7])$/,
  'a legal basis such as PDPA-15-1, PDPA-16-0 or PDPA-6-1-2',
)
export const CategoryCode = idOf<CategoryCode>(/^C[0-9]{3}$/, 'a category code such as C081')
export const AgreementId = idOf<AgreementId>(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'an agreement id')
export const FieldName = idOf<FieldName>(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'a field name')
export const Digest = idOf<Digest>(/^[A-Za-z0-9_-]{43}$/, 'a SHA-256 in base64url')
export const ExchangeId = idOf<ExchangeId>(
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  'a UUID in lower case',
)
export const RuleId = idOf<RuleId>(
  /^[A-Z][0-9]{2}-[a-z0-9-]{1,80}$/,
  'a rule id such as F01-no-agreement',
)
export const EndpointId = idOf<EndpointId>(
  /^[A-Z]{3,7} \/[^\s?#]{0,500}$/,
  'METHOD /path/{template}',
)

export const Instant = {
  /** From milliseconds since the epoch. */
  ofMilliseconds(milliseconds: number): Instant {
    if (!Number.isSafeInteger(milliseconds)) throw new Malformed('whole milliseconds')
    return milliseconds as Instant
  },
  /** RFC 3339 with seconds or milliseconds and an explicit offset; nothing looser. */
  parse(text: unknown): Instant {
    const form = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/
    // Date.parse takes the 30th of February for the 2nd of March.
    const sound = typeof text === 'string' && form.test(text) && isCalendarDate(text.slice(0, 10))
    const ms = sound ? Date.parse(text) : Number.NaN
    if (Number.isNaN(ms)) throw new Malformed('a time such as 2026-01-01T00:00:00+08:00')
    return ms as Instant
  },
}

const LONGEST_PART = 128
// Control characters, `%`, `:`, `;`, `/`, `\`, U+200B and U+FEFF never stand in a part (X-Road only warns).
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const FORBIDDEN_IN_PART = /[\u0000-\u001f\u007f-\u009f%:;\\/\u200b\ufeff]/u

/** One decoded part of an identifier; throws `Malformed`. */
export function parsePart(part: string): string {
  if (
    part === '' ||
    part === '.' ||
    part === '..' ||
    part.length > LONGEST_PART ||
    FORBIDDEN_IN_PART.test(part)
  ) {
    throw new Malformed(
      `an identifier part of 1 to ${String(LONGEST_PART)} characters, none of them control, % : ; / or \\`,
    )
  }
  return part
}

function partsId<T extends string>(
  count: number,
  expected: string,
): {
  parse: (text: unknown) => T
  of: (...parts: readonly string[]) => T
  parts: (id: T) => readonly string[]
} {
  function of(...parts: readonly string[]): T {
    if (parts.length !== count) throw new Malformed(expected)
    return parts.map((part) => encodeURIComponent(parsePart(part))).join('/') as T
  }
  function parse(text: unknown): T {
    if (typeof text !== 'string' || text.length > 4 * LONGEST_PART * count)
      throw new Malformed(expected)
    return of(...text.split('/').map(decodePart))
  }
  return { parse, of, parts: (id) => id.split('/').map(decodeURIComponent) }
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Malformed('percent-encoded UTF-8')
  }
}

export const MemberId = partsId<MemberId>(3, 'instance/class/code')
export const SubsystemId = partsId<SubsystemId>(4, 'instance/class/code/subsystem')
export const ServiceId = partsId<ServiceId>(5, 'instance/class/code/subsystem/service')
export const GatewayId = partsId<GatewayId>(4, 'instance/class/code/server')

/** The member that a subsystem, a service or a gateway belongs to. */
export function memberOf(id: SubsystemId | ServiceId | GatewayId): MemberId {
  return id.split('/').slice(0, 3).join('/') as MemberId
}

/** The subsystem that offers a service. */
export function subsystemOf(id: ServiceId): SubsystemId {
  return id.split('/').slice(0, 4).join('/') as SubsystemId
}

/** Words in both languages; the Chinese is the one that counts. */
export interface Wording {
  readonly zh: string
  readonly en: string
}
