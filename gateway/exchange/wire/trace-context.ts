/**
 * W3C Trace Context, Level 1 (Recommendation of 23 November 2021), as a participant: the caller's trace is joined where its
 * `traceparent` is good; otherwise a new one begins and `tracestate` is not looked at. `tracestate` is read as in Level 2 (Candidate
 * Recommendation Draft of 28 March 2024), which takes all that Level 1 takes. Everything read here is attacker-controlled.
 */
import { isNationalNumber } from '../../../policies/national-number.ts'
import type { ExchangeTrace } from '../../ports/telemetry.ts'

export interface TraceContext {
  /** 32 and 16 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string
  readonly parentId: string
  /** The only flag of version 00; others are not passed on. */
  readonly sampled: boolean
  /** Valid list-members in their order, joined by commas; at most 32 and at most 512 characters. */
  readonly state: string | undefined
}

/** From name, value, name, value, … as received. Undefined: there is no trace to join. */
export function readTraceContext(raw: readonly string[]): TraceContext | undefined {
  let parent: string | undefined
  let states: string | undefined
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = traceHeader(raw[at] ?? '')
    const value = raw[at + 1] ?? ''
    if (name === 'tracestate') states = combined(states, value)
    if (name !== 'traceparent') continue
    // There is no telling which of two is the caller's.
    if (parent !== undefined) return undefined
    parent = value
  }
  const read = parent === undefined ? undefined : readParent(parent)
  return read && { ...read, state: states === undefined ? undefined : stateIn(states) }
}

/** Several fields are one list (RFC 9110 5.3). */
function combined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`
}

/** Nearly every other header is told apart by its length. */
function traceHeader(name: string): string | undefined {
  return name.length === 11 || name.length === 10 ? name.toLowerCase() : undefined
}

function readParent(text: string): Omit<TraceContext, 'state'> | undefined {
  const [, traceId, parentId, flags] = TRACEPARENT.exec(withoutSpace(text)) ?? []
  if (traceId === undefined || parentId === undefined || flags === undefined) return undefined
  if ([traceId, parentId].some((id) => ZEROS.test(id) || spellsText(id))) return undefined
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED }
}

/** The value of the header that we send: our own span is the parent, in version 00. */
export function traceparent({ flag, spanId, traceId }: ExchangeTrace): string {
  return `00-${traceId}-${spanId}-${flag ? '01' : '00'}`
}

/**
 * 3.2.2: lower case only. Version 00 ends after the flags; of a later one what is known is read, if it ends there or goes on
 * with a dash; `ff` is none.
 */
const TRACEPARENT =
  /^(?:00(?=.{53}$)|(?!00|ff)[0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/
const SAMPLED = 1
const ZEROS = /^0+$/

/**
 * Ids are random (Recommendation, section 5), and go to telemetry stores. One that spells text or a person's number is not taken over,
 * whether its bytes do or its digits, which are what a store shows. Of random ids about one pair in fifty has such digits by chance:
 * its trace begins anew, which 3.4 allows ("Restart trace").
 */
function spellsText(id: string): boolean {
  return TEXT.test(Buffer.from(id, 'hex').toString('latin1')) || spellsNumber(id)
}

/** Eight letters and digits (all of a parent id), or two Chinese characters in a row. */
const TEXT = /[A-Za-z0-9]{8}|(?:[\xe3-\xe9][\x80-\xbf]{2}){2}/

/** Numbers of persons that begin with A to F. */
function spellsNumber(digits: string): boolean {
  for (const [, found = ''] of digits.matchAll(LIKE_A_NUMBER)) {
    if (isNationalNumber(found.toUpperCase(), { syntheticIds: true })) return true
  }
  return false
}

/** Looked ahead for: one can begin inside another. */
const LIKE_A_NUMBER = /(?=([a-f][0-9a-d][0-9]{8}))/g

/** Optional white space of RFC 9110 5.6.3. By index: an expression that looks for the end of a run would begin anew within it. */
function withoutSpace(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && isSpace(text[from])) from += 1
  while (to > from && isSpace(text[to - 1])) to -= 1
  return text.slice(from, to)
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

const MOST_MEMBERS = 32
const MOST_CHARACTERS = 512
const LARGE_MEMBER = 128

/**
 * 3.3.1: a member that breaks the rules, or one too many, discards all. Of a key that stands twice the first stays, which was put
 * there last: Level 2 ("Mutating the tracestate Field") allows to discard the others, and its tests want the list kept.
 */
function stateIn(list: string): string | undefined {
  const members = list.split(',').map(withoutSpace).filter(Boolean)
  if (members.length > MOST_MEMBERS) return undefined
  const kept = new Map<string, string>()
  for (const member of members) {
    const key = MEMBER.exec(member)?.[1]
    if (key === undefined) return undefined
    if (!kept.has(key)) kept.set(key, member)
  }
  const passed = shortened([...kept.values()])
  return passed.length === 0 ? undefined : passed.join(',')
}

/** Keys as in Level 2 ("Key"); a value is printable ASCII without `,` and `=` that ends in no space. */
const MEMBER =
  /^([a-z0-9][a-z0-9_\-*/@]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** 3.3.1.5: whole members go, those of more than 128 characters first, then from the end. */
function shortened(members: readonly string[]): readonly string[] {
  if (lengthOf(members) <= MOST_CHARACTERS) return members
  const kept = [...members]
  for (let at = kept.length - 1; at >= 0 && lengthOf(kept) > MOST_CHARACTERS; at -= 1) {
    if ((kept[at]?.length ?? 0) > LARGE_MEMBER) kept.splice(at, 1)
  }
  while (lengthOf(kept) > MOST_CHARACTERS) kept.pop()
  return kept
}

/** With the commas between them. */
function lengthOf(members: readonly string[]): number {
  return members.reduce((sum, member) => sum + member.length + 1, -1)
}
