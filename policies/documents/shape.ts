/**
 * Small parts from which the shape of a document is put together. A reader answers the typed value, or `FAULTY` after
 * noting what is wrong and where; it goes on after a fault, so that an author sees all of them at once.
 */
import type { Json, JsonObject } from '../canonical-json.ts'
import { Malformed } from '../vocabulary.ts'
import { pointerTo } from './json-text.ts'

export const FAULTY = Symbol('faulty')
export type Faulty = typeof FAULTY

/** One place of one document. */
export interface Place {
  readonly pointer: string
  readonly note: (pointer: string, expected: string) => void
}

export type Reader<T> = (value: Json, place: Place) => T | Faulty

export function faulty(place: Place, expected: string): Faulty {
  place.note(place.pointer, expected)
  return FAULTY
}

export function inside(place: Place, name: string | number): Place {
  return { ...place, pointer: pointerTo(place.pointer, name) }
}

/** A value of the vocabulary, by its `parse`. */
export function word<T>({ parse }: { readonly parse: (text: unknown) => T }): Reader<T> {
  return (value, place) => {
    try {
      return parse(value)
    } catch (fault) {
      if (fault instanceof Malformed) return faulty(place, fault.expected)
      throw fault
    }
  }
}

/** Text for people: NFC or not, but not empty, no control characters, no longer than told. */
export function text(longest = 200): Reader<string> {
  return matching(
    new RegExp(`^[^\\p{Cc}]{1,${String(longest)}}$`, 'u'),
    `text of 1 to ${String(longest)} characters`,
  )
}

export function matching(pattern: RegExp, expected: string): Reader<string> {
  return (value, place) =>
    typeof value === 'string' && pattern.test(value) ? value : faulty(place, expected)
}

export function oneOf<const T extends string>(...values: readonly T[]): Reader<T> {
  return (value, place) =>
    values.find((candidate) => candidate === value) ?? faulty(place, `one of ${values.join(', ')}`)
}

export const flag: Reader<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : faulty(place, 'true or false')

export function whole(least: number, most: number): Reader<number> {
  return (value, place) =>
    typeof value === 'number' && Number.isSafeInteger(value) && least <= value && value <= most
      ? value
      : faulty(place, `a whole number from ${String(least)} to ${String(most)}`)
}

export function list<T>(element: Reader<T>, { least = 0, most = 1000 } = {}): Reader<readonly T[]> {
  return (value, place) => {
    if (!isList(value) || value.length < least || value.length > most) {
      return faulty(place, `a list of ${String(least)} to ${String(most)} elements`)
    }
    const elements: T[] = []
    for (const [index, member] of value.entries()) {
      const read = element(member, inside(place, index))
      if (read !== FAULTY) elements.push(read)
    }
    return elements.length === value.length ? elements : FAULTY
  }
}

/** A list in which nothing stands twice, compared by what `of` gives. */
export function distinct<T>(
  reader: Reader<readonly T[]>,
  of: (element: T) => string = String,
): Reader<readonly T[]> {
  return (value, place) => {
    const read = reader(value, place)
    if (read === FAULTY) return FAULTY
    const seen = new Set<string>()
    let repeated = false
    for (const [index, element] of read.entries()) {
      if (seen.has(of(element))) {
        repeated = true
        place.note(pointerTo(place.pointer, index), 'something that does not stand twice')
      }
      seen.add(of(element))
    }
    return repeated ? FAULTY : read
  }
}

/** A member that may be absent. */
export interface Optional<T> {
  readonly optional: Reader<T>
}

export function optional<T>(reader: Reader<T>): Optional<T> {
  return { optional: reader }
}

type Shape = Readonly<Record<string, Reader<unknown> | Optional<unknown>>>
type OptionalNames<S extends Shape> = {
  [Name in keyof S]: S[Name] extends Optional<unknown> ? Name : never
}[keyof S]
type ReadBy<R> =
  R extends Reader<infer T> ? Exclude<T, Faulty> : R extends Optional<infer T> ? T : never

export type ReadOf<S extends Shape> = {
  readonly [Name in Exclude<keyof S, OptionalNames<S>>]: ReadBy<S[Name]>
} & { readonly [Name in OptionalNames<S>]?: ReadBy<S[Name]> }

/** An object with exactly these members; any other is a fault, for nobody would know that it is not obeyed. */
export function object<const S extends Shape>(shape: S): Reader<ReadOf<S>> {
  return (value, place) => {
    if (!isObject(value)) return faulty(place, 'an object')
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(shape, name))
    for (const name of unknown) place.note(pointerTo(place.pointer, name), 'no such member')
    const members: [string, unknown][] = []
    let whole = unknown.length === 0
    for (const [name, reader] of Object.entries(shape)) {
      const read = member({ value, name, reader, place: inside(place, name) })
      if (read === FAULTY) whole = false
      else if (read !== undefined) members.push([name, read])
    }
    // The members were read one by one by the readers that the type is made of.
    return whole ? (Object.fromEntries(members) as ReadOf<S>) : FAULTY
  }
}

function member({
  value,
  name,
  reader,
  place,
}: {
  readonly value: JsonObject
  readonly name: string
  readonly reader: Reader<unknown> | Optional<unknown>
  readonly place: Place
}): unknown {
  const given = Object.hasOwn(value, name) ? value[name] : undefined
  if (typeof reader !== 'function') {
    return given === undefined ? undefined : reader.optional(given, place)
  }
  return given === undefined ? faulty(place, 'a member that is not optional') : reader(given, place)
}

export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value)
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** Reads, then checks what lies between members; `check` notes what it finds. */
export function checked<T>(reader: Reader<T>, check: (value: T, place: Place) => void): Reader<T> {
  return (value, place) => {
    const read = reader(value, place)
    if (read === FAULTY) return FAULTY
    const found: (readonly [pointer: string, expected: string])[] = []
    check(read, { ...place, note: (pointer, expected) => found.push([pointer, expected]) })
    for (const [pointer, expected] of found) place.note(pointer, expected)
    return found.length === 0 ? read : FAULTY
  }
}
