/**
 * JSON text with nothing looser than RFC 8259 and nothing that RFC 8785 can't spell again (I-JSON, RFC 7493): a member
 * name stands once in its object, strings are well-formed, numbers are finite. `JSON.parse` lets the first two pass.
 */
import type { Json } from '../canonical-json.ts'

export type JsonText =
  | { readonly kind: 'read'; readonly value: Json }
  | {
      readonly kind: 'malformed'
      readonly line: number
      readonly column: number
      readonly expected: string
    }
  | { readonly kind: 'repeated'; readonly pointers: readonly string[] }

const DEEPEST = 32

export function readJson(text: string): JsonText {
  const reader: Reader = { text, at: 0, repeated: [] }
  try {
    const value = readValue(reader, '', 0)
    skipSpace(reader)
    if (reader.at < text.length) throw new Stopped('the end of the text')
    const { repeated } = reader
    return repeated.length > 0 ? { kind: 'repeated', pointers: repeated } : { kind: 'read', value }
  } catch (stop) {
    if (!(stop instanceof Stopped)) throw stop
    return { kind: 'malformed', ...placeOf(reader), expected: stop.expected }
  }
}

/** One segment of an RFC 6901 pointer. */
export function pointerTo(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

interface Reader {
  readonly text: string
  at: number
  readonly repeated: string[]
}

class Stopped extends Error {
  readonly expected: string
  constructor(expected: string) {
    super(expected)
    this.expected = expected
  }
}

function placeOf({ text, at }: Reader): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

function readValue(reader: Reader, pointer: string, depth: number): Json {
  if (depth > DEEPEST) throw new Stopped(`at most ${String(DEEPEST)} levels`)
  skipSpace(reader)
  switch (reader.text.charAt(reader.at)) {
    case '{':
      return readObject(reader, pointer, depth)
    case '[':
      return readList(reader, pointer, depth)
    case '"':
      return readString(reader)
    default:
      return readScalar(reader)
  }
}

function readObject(reader: Reader, pointer: string, depth: number): Json {
  const members = new Map<string, Json>()
  reader.at += 1
  if (takes(reader, '}')) return {}
  do {
    skipSpace(reader)
    const name = readString(reader)
    const place = pointerTo(pointer, name)
    if (members.has(name)) reader.repeated.push(place)
    if (!takes(reader, ':')) throw new Stopped('a colon')
    members.set(name, readValue(reader, place, depth + 1))
  } while (takes(reader, ','))
  if (!takes(reader, '}')) throw new Stopped('a comma or }')
  // Not assignment: a member called `__proto__` is a member like any other.
  return Object.fromEntries(members)
}

function readList(reader: Reader, pointer: string, depth: number): Json {
  const elements: Json[] = []
  reader.at += 1
  if (takes(reader, ']')) return elements
  do {
    elements.push(readValue(reader, pointerTo(pointer, elements.length), depth + 1))
  } while (takes(reader, ','))
  if (!takes(reader, ']')) throw new Stopped('a comma or ]')
  return elements
}

// RFC 8259 §7: a quotation mark, characters or escapes, a quotation mark.
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

function readString(reader: Reader): string {
  const value: unknown = JSON.parse(match(STRING, reader, 'a string'))
  if (typeof value !== 'string' || !value.isWellFormed()) {
    throw new Stopped('a string without half a surrogate pair before this place')
  }
  return value
}

function readScalar(reader: Reader): Json {
  const value: unknown = JSON.parse(match(SCALAR, reader, 'a value'))
  if (typeof value === 'boolean' || value === null) return value
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Stopped('a finite number')
  return value
}

function match(pattern: RegExp, reader: Reader, expected: string): string {
  pattern.lastIndex = reader.at
  const [found] = pattern.exec(reader.text) ?? []
  if (found === undefined) throw new Stopped(expected)
  reader.at += found.length
  return found
}

function takes(reader: Reader, character: string): boolean {
  skipSpace(reader)
  if (reader.text[reader.at] !== character) return false
  reader.at += 1
  return true
}

function skipSpace(reader: Reader): void {
  while (' \t\n\r'.includes(reader.text[reader.at] ?? '|')) reader.at += 1
}
