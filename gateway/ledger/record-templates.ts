/**
 * Records of one service and one consumer differ in a few values only: ids, times, salts, digests. A record that was judged
 * in full is kept as a template; the next one is compared with it byte for byte, except where those values stand, which must be plain
 * words or whole numbers. What matches is canonical and has the same members, since the template is and has. An auditor who reads
 * millions of records spends his time on hashes then, not on JSON.
 */
import { memberPlaces } from './canonical-scan.ts'
import type { MemberPlace } from './canonical-scan.ts'
import type { Facts } from './check-record.ts'
import type { RowKind } from './public-row.ts'
import { taipeiMonth } from './public-row.ts'
import type { Instant } from '../../policies/vocabulary.ts'

/** Sorted. `at` of a decision stands in its question. */
const VARIABLE: Readonly<Record<RowKind, readonly string[]>> = {
  intent: ['deadline', 'exchange', 'request', 'salt', 'sealed', 'span', 'subject'],
  denial: ['exchange', 'request', 'salt', 'sealed', 'span', 'subject'],
  outcome: ['answer', 'at', 'exchange', 'intent', 'released', 'salt', 'subject'],
}

interface Variable extends MemberPlace {
  readonly isNumber: boolean
}

interface Template {
  readonly kind: RowKind
  readonly bytes: Buffer
  readonly variables: readonly Variable[]
  readonly facts: Facts
  readonly month: string
}

const MOST_OF_ONE_LENGTH = 4
const MOST = 1024

export class RecordTemplates {
  readonly #byLength = new Map<number, Template[]>()
  #count = 0

  /** `text` is canonical ASCII, `facts` are what was read from it. */
  learn(kind: RowKind, text: string, facts: Facts): void {
    const known = this.#byLength.get(text.length) ?? []
    if (this.#count >= MOST || facts.at === undefined) return
    if (known.length === MOST_OF_ONE_LENGTH) known.pop()
    else this.#count += 1
    const month = taipeiMonth(facts.at as Instant)
    const variables = variablesOf(kind, text)
    known.unshift({ kind, bytes: Buffer.from(text, 'latin1'), variables, facts, month })
    this.#byLength.set(text.length, known)
  }

  /** Undefined where the record at [from, to) must be judged in full. */
  match(kind: RowKind, bytes: Buffer, from: number, to: number): Facts | undefined {
    const known = this.#byLength.get(to - from)
    if (known === undefined) return undefined
    for (const template of known) {
      const facts = template.kind === kind ? matched(template, bytes, from) : undefined
      if (facts !== undefined) return facts
    }
    return undefined
  }
}

function variablesOf(kind: RowKind, text: string): Variable[] {
  const places = memberPlaces(text, 0, VARIABLE[kind])
  if (kind !== 'outcome') {
    const [question] = memberPlaces(text, 0, ['question'])
    if (question !== undefined) places.push(...memberPlaces(text, question.start, ['at']))
  }
  return places
    .map((place) => ({ ...place, isNumber: text[place.start] !== '"' }))
    .sort((left, right) => left.start - right.start)
}

function matched(template: Template, bytes: Buffer, from: number): Facts | undefined {
  const { variables } = template
  let at = 0
  for (const { end, isNumber, start } of variables) {
    if (!isSame(template.bytes, bytes, { at, end: start, from })) return undefined
    const isGood = isNumber
      ? isWholeNumber(bytes, from + start, from + end)
      : isPlainWord(bytes, from + start, from + end)
    if (!isGood) return undefined
    at = end
  }
  if (!isSame(template.bytes, bytes, { at, end: template.bytes.length, from })) return undefined
  return factsFrom(template, bytes, from)
}

function isSame(
  template: Buffer,
  bytes: Buffer,
  { at, end, from }: { readonly at: number; readonly end: number; readonly from: number },
): boolean {
  return template.compare(bytes, from + at, from + end, at, end) === 0
}

/** Characters of base64url and of a UUID: nothing that would end or escape a JSON string. */
const WORD = Uint8Array.from({ length: 256 }, (_, code) =>
  /[A-Za-z0-9_-]/.test(String.fromCharCode(code)) ? 1 : 0,
)
const QUOTE = 0x22

function isPlainWord(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== QUOTE || bytes[end - 1] !== QUOTE) return false
  for (let at = start + 1; at < end - 1; at += 1) if (WORD[bytes[at] ?? 0] === 0) return false
  return true
}

function isWholeNumber(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > 15 || (bytes[start] === 0x30 && end - start > 1)) return false
  for (let at = start; at < end; at += 1) {
    const code = bytes[at] ?? 0
    if (code < 0x30 || code > 0x39) return false
  }
  return true
}

/** The template's facts with this record's values; undefined in another month, where the row is another. */
function factsFrom(template: Template, bytes: Buffer, from: number): Facts | undefined {
  const { facts, kind, month } = template
  const { at, deadline, exchange, intent, salt } = valuesAt(template.variables, bytes, from)
  if (facts.row === undefined || taipeiMonth(at as Instant) !== month) return undefined
  const common = { at, row: { text: facts.row.text, salt } }
  switch (kind) {
    case 'denial':
      return common
    case 'intent':
      return { ...common, intent: { exchange, deadline } }
    case 'outcome':
      return facts.outcome && { ...common, outcome: { ...facts.outcome, exchange, intent } }
  }
}

interface Values {
  at: number
  deadline: number
  intent: number
  exchange: string
  salt: string
}

function valuesAt(variables: readonly Variable[], bytes: Buffer, from: number): Values {
  const values: Values = { at: 0, deadline: 0, intent: 0, exchange: '', salt: '' }
  for (const { end, name, start } of variables) {
    if (name === 'at' || name === 'deadline' || name === 'intent') {
      values[name] = numberAt(bytes, from + start, from + end)
    } else if (name === 'exchange' || name === 'salt') {
      values[name] = bytes.toString('latin1', from + start + 1, from + end - 1)
    }
  }
  return values
}

function numberAt(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at += 1) value = value * 10 + (bytes[at] ?? 0) - 0x30
  return value
}
