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
  /** Of the same bytes. */
  readonly view: DataView
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
  /** One view serves all records of a chunk. */
  #seen: Buffer = Buffer.alloc(0)
  #view = viewOf(this.#seen)

  /** `text` is canonical ASCII, `facts` are what was read from it. */
  learn(kind: RowKind, text: string, facts: Facts): void {
    const known = this.#byLength.get(text.length) ?? []
    const { at, row } = facts
    if (this.#count >= MOST || at === undefined || row === undefined) return
    if (known.length === MOST_OF_ONE_LENGTH) known.pop()
    else this.#count += 1
    const variables = variablesOf(kind, text)
    const bytes = Buffer.from(text, 'latin1')
    known.unshift({
      kind,
      bytes,
      view: viewOf(bytes),
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
    if (this.#seen !== bytes) {
      this.#seen = bytes
      this.#view = viewOf(bytes)
    }
    for (const template of known) {
      if (template.kind !== kind || !matched(template, this.#view, from)) continue
      if (bytes.compare(template.bytes, 0, to - from, from, to) !== 0) continue
      const facts = factsFrom(template, bytes, from)
      if (facts !== undefined) return facts
    }
    return undefined
  }
}

function viewOf({ buffer, byteLength, byteOffset }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
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

function matched(template: Template, bytes: DataView, from: number): boolean {
  // The record's own values are put into the template: what is left to compare is one run of bytes.
  for (const { end, isNumber, start } of template.variables) {
    const isTaken = isNumber
      ? isNumberTaken(template.view, { start, end }, bytes, from)
      : isWordTaken(template.view, { start: start + 1, end: end - 1 }, bytes, from)
    if (!isTaken) return false
  }
  return true
}

interface Range {
  readonly start: number
  readonly end: number
}

/** False where a character would end or escape a JSON string, or is not ASCII. The quotes are compared with the rest. */
function isWordTaken(
  into: DataView,
  { end, start }: Range,
  bytes: DataView,
  from: number,
): boolean {
  let wrong = 0
  let at = start
  for (; at + 4 <= end; at += 4) {
    const four = bytes.getInt32(from + at)
    wrong |= notPlain(four)
    into.setInt32(at, four)
  }
  for (; at < end; at += 1) {
    const one = bytes.getUint8(from + at)
    wrong |= notPlain(FILL | one)
    into.setUint8(at, one)
  }
  return wrong === 0
}

const FILL = 0x61616100

/**
 * Not 0 where one of four characters is a control character, a quote, a backslash, or beyond ASCII: four at a time, since one at a time
 * costs a third of what the record's hash does. Of ASCII, only a byte that becomes less than 0 shows in its own highest bit, and borrows
 * from the one above it; of the others, no byte loses its highest bit in both of the last two.
 */
function notPlain(four: number): number {
  return (
    ((four - 0x20202020) |
      ((four ^ 0x22222222) - 0x01010101) |
      ((four ^ 0x5c5c5c5c) - 0x01010101)) &
    0x80808080
  )
}

/** False where it is not a whole number that is exact as a double, spelled as RFC 8785 asks. */
function isNumberTaken(
  into: DataView,
  { end, start }: Range,
  bytes: DataView,
  from: number,
): boolean {
  for (let at = start; at < end; at += 1) {
    const code = bytes.getUint8(from + at)
    if (code < ZERO || code > NINE) return false
    into.setUint8(at, code)
  }
  return end - start === 1 || (end - start <= 15 && into.getUint8(start) !== ZERO)
}

const ZERO = 0x30
const NINE = 0x39

/** The template's facts with this record's values; undefined where the row is another, or its salt none. */
function factsFrom(template: Template, bytes: Buffer, from: number): Facts | undefined {
  const { facts, kind, month, places } = template
  const at = numberAt(places.get('at'), bytes, from)
  if (taipeiMonth(at as Instant) !== month) return undefined
  const salt = from + (places.get('salt')?.start ?? 0) + 1
  const commitment = template.row.commitments.with(bytes, salt)
  if (commitment === undefined) return undefined
  const row = { text: template.row.text, commitment }
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
