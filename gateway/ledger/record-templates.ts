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
import { RowCommitments, taipeiMonth } from './public-row.ts'
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
  readonly places: ReadonlyMap<string, MemberPlace>
  readonly facts: Facts
  readonly row: { readonly text: string; readonly commitments: RowCommitments }
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
    const { at, row } = facts
    if (this.#count >= MOST || at === undefined || row === undefined) return
    if (known.length === MOST_OF_ONE_LENGTH) known.pop()
    else this.#count += 1
    const variables = variablesOf(kind, text)
    known.unshift({
      kind,
      bytes: Buffer.from(text, 'latin1'),
      variables,
      places: new Map(variables.map((variable) => [variable.name, variable])),
      facts,
      row: { text: row.text, commitments: new RowCommitments(row.text) },
      month: taipeiMonth(at as Instant),
    })
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
  // The record's own values are put into the template: what is left to compare is one run of bytes.
  for (const variable of template.variables) {
    if (!taken(template.bytes, variable, bytes, from)) return undefined
  }
  const { length } = template.bytes
  if (bytes.compare(template.bytes, 0, length, from, from + length) !== 0) return undefined
  return factsFrom(template, bytes, from)
}

/** False where it is not a plain word between quotes, or a whole number. */
function taken(
  into: Buffer,
  { end, isNumber, start }: Variable,
  bytes: Buffer,
  from: number,
): boolean {
  const allowed = isNumber ? DIGIT : WORD
  const quotes = isNumber ? 0 : 1
  for (let at = start + quotes; at < end - quotes; at += 1) {
    const code = bytes[from + at] ?? 0
    if (allowed[code] === 0) return false
    into[at] = code
  }
  // Exact as a double, and spelled as RFC 8785 asks. The quotes are compared with the rest.
  return !isNumber || end - start === 1 || (end - start <= 15 && into[start] !== ZERO)
}

/** Characters of base64url and of a UUID: nothing that would end or escape a JSON string. */
const WORD = tableOf(/[A-Za-z0-9_-]/)
const DIGIT = tableOf(/[0-9]/)
const ZERO = 0x30

function tableOf(allowed: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) =>
    allowed.test(String.fromCharCode(code)) ? 1 : 0,
  )
}

/** The template's facts with this record's values; undefined in another month, where the row is another. */
function factsFrom(template: Template, bytes: Buffer, from: number): Facts | undefined {
  const { facts, kind, month, places } = template
  const at = numberAt(places.get('at'), bytes, from)
  if (taipeiMonth(at as Instant) !== month) return undefined
  const salt = from + (places.get('salt')?.start ?? 0) + 1
  const row = { text: template.row.text, commitment: template.row.commitments.with(bytes, salt) }
  if (kind === 'denial') return { at, row }
  const exchange = wordAt(places.get('exchange'), bytes, from)
  if (kind === 'intent') {
    return {
      at,
      row,
      intent: { exchange, deadline: numberAt(places.get('deadline'), bytes, from) },
    }
  }
  const intent = numberAt(places.get('intent'), bytes, from)
  return facts.outcome && { at, row, outcome: { ...facts.outcome, exchange, intent } }
}

/** Where the template has none, what was read from it in full says so, too. */
function wordAt(place: MemberPlace | undefined, bytes: Buffer, from: number): string {
  return place === undefined
    ? ''
    : bytes.toString('latin1', from + place.start + 1, from + place.end - 1)
}

function numberAt(place: MemberPlace | undefined, bytes: Buffer, from: number): number {
  if (place === undefined) return 0
  let value = 0
  for (let at = from + place.start; at < from + place.end; at += 1) {
    value = value * 10 + (bytes[at] ?? 0) - ZERO
  }
  return value
}
