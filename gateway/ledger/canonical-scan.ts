/**
 * Whether a text is RFC 8785, and where the members of an object stand in it, without building the values: an auditor
 * reads millions of records, and parsing each costs more than all hashes of it.
 *
 * A text without escapes, of ASCII alone, is judged by this scan; any other also by comparing it with `canonicalJson` of what it
 * parses to.
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Json } from '../../policies/canonical-json.ts'

/** Whatever is not in a plain record: escapes, control characters, anything beyond ASCII. */
// eslint-disable-next-line no-control-regex -- control characters are among them
const NOT_PLAIN = /[\\\u0000-\u001f\u007f-\uffff]/
const DEEPEST = 64
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const WRONG = -1

/** The members of the object that was judged last, by position: whoever judges a text asks for its members next. */
const members = { of: '', names: [] as string[], starts: [] as number[], ends: [] as number[] }

export function isCanonical(text: string): boolean {
  members.of = ''
  members.names.length = 0
  if (!NOT_PLAIN.test(text)) {
    const isGood = valueEnd(text, 0, 0) === text.length
    if (isGood) members.of = text
    return isGood
  }
  try {
    const value: unknown = JSON.parse(text)
    return isJson(value) && canonicalJson(value) === text && text.isWellFormed()
  } catch {
    return false
  }
}

/** What `JSON.parse` answers always is. */
function isJson(value: unknown): value is Json {
  return value !== undefined
}

/**
 * Texts of the members that are asked for, of the object that a canonical text is. `wanted` is sorted; a member that is not there
 * is undefined.
 */
export function membersOf(text: string, wanted: readonly string[]): (string | undefined)[] {
  if (members.of !== text) isPlainObject(text)
  const found: (string | undefined)[] = []
  let at = 0
  for (const name of wanted) {
    while (at < members.names.length && (members.names[at] ?? '') < name) at += 1
    const isThere = members.names[at] === name
    found.push(isThere ? text.slice(members.starts[at], members.ends[at]) : undefined)
  }
  return found
}

export interface MemberPlace {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** Where values of those of the named members stand that are there, of the object that begins at `from` in a canonical text. */
export function memberPlaces(text: string, from: number, wanted: readonly string[]): MemberPlace[] {
  const object = from === 0 ? text : text.slice(from, valueEnd(text, from, 1))
  if (members.of !== object) isPlainObject(object)
  return members.names.flatMap((name, at) => {
    if (!wanted.includes(name)) return []
    return { name, start: from + (members.starts[at] ?? 0), end: from + (members.ends[at] ?? 0) }
  })
}

/** Notes where its members stand. */
function isPlainObject(text: string): void {
  members.of = text
  members.names.length = 0
  valueEnd(text, 0, 0)
}

/** Where the value ends that begins at `at`, or `WRONG`. */
function valueEnd(text: string, at: number, depth: number): number {
  switch (text.charCodeAt(at)) {
    case QUOTE:
      return stringEnd(text, at)
    case OPEN_OBJECT:
      return depth > DEEPEST ? WRONG : objectEnd(text, at, depth)
    case OPEN_LIST:
      return depth > DEEPEST ? WRONG : listEnd(text, at, depth)
    default:
      return scalarEnd(text, at)
  }
}

function stringEnd(text: string, at: number): number {
  let end = text.indexOf('"', at + 1)
  while (end > 0 && text.charCodeAt(end - 1) === 0x5c && isEscaped(text, end)) {
    end = text.indexOf('"', end + 1)
  }
  return end < 0 ? WRONG : end + 1
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1
  return backslashes % 2 === 1
}

/** RFC 8785 §3.2.3: names in the order of their UTF-16 code units; none stands twice. */
function objectEnd(text: string, from: number, depth: number): number {
  let at = from + 1
  if (text.charCodeAt(at) === CLOSE_OBJECT) return at + 1
  let before: string | undefined
  for (;;) {
    const nameEnd = nameEndAt(text, at)
    if (nameEnd === WRONG) return WRONG
    const name = text.slice(at + 1, nameEnd - 1)
    if (before !== undefined && name <= before) return WRONG
    before = name
    at = valueEnd(text, nameEnd + 1, depth + 1)
    if (depth === 0) note(name, nameEnd + 1, at)
    const next = at === WRONG ? WRONG : text.charCodeAt(at)
    if (next === CLOSE_OBJECT) return at + 1
    if (next !== COMMA) return WRONG
    at += 1
  }
}

function note(name: string, start: number, end: number): void {
  const at = members.names.push(name) - 1
  members.starts[at] = start
  members.ends[at] = end
}

function nameEndAt(text: string, at: number): number {
  const end = text.charCodeAt(at) === QUOTE ? stringEnd(text, at) : WRONG
  return end !== WRONG && text.charCodeAt(end) === COLON ? end : WRONG
}

function listEnd(text: string, from: number, depth: number): number {
  let at = from + 1
  if (text.charCodeAt(at) === CLOSE_LIST) return at + 1
  for (;;) {
    at = valueEnd(text, at, depth + 1)
    const next = at === WRONG ? WRONG : text.charCodeAt(at)
    if (next === CLOSE_LIST) return at + 1
    if (next !== COMMA) return WRONG
    at += 1
  }
}

function scalarEnd(text: string, at: number): number {
  const first = text.charCodeAt(at)
  if (first === 0x74) return wordEnd(text, at, 'true')
  if (first === 0x66) return wordEnd(text, at, 'false')
  if (first === 0x6e) return wordEnd(text, at, 'null')
  let end = at
  while (isDigit(text.charCodeAt(end))) end += 1
  // The common case: a whole number without leading zero, exact as a double.
  const isWhole = end > at && end - at <= 15 && (first !== 0x30 || end === at + 1)
  return isWhole && !isOfNumber(text.charCodeAt(end)) ? end : numberEnd(text, at)
}

function wordEnd(text: string, at: number, word: string): number {
  return text.startsWith(word, at) ? at + word.length : WRONG
}

/** RFC 8785 §3.2.2.3: numbers are spelled as ECMAScript spells them. */
function numberEnd(text: string, at: number): number {
  let end = at
  while (isOfNumber(text.charCodeAt(end))) end += 1
  const number = text.slice(at, end)
  return end > at && String(Number(number)) === number ? end : WRONG
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isOfNumber(code: number): boolean {
  return isDigit(code) || code === 0x2d || code === 0x2e || code === 0x65 || code === 0x2b
}
