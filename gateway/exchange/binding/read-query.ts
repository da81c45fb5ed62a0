/**
 * The query, `a=1&b=2` and nothing looser (RFC 3986 §3.4): one spelling, so that every form decoder reads what we read.
 *
 * Refused: `?` with nothing behind it, an empty pair, a name without `=`, a second raw `=`, raw `+` (a plus or a space?), raw `;`
 * (a separator for some), and percent-encoding that is not canonical. A list is separated by raw commas; an encoded comma in it
 * is refused, since some decode before they split.
 */
import type { CompiledEndpoint } from './compile-endpoint.ts'
import type { Occurrence } from './occurrence.ts'
import { decodeCanonical } from './read-path.ts'

/** Undefined: not in canonical form. */
export function readQuery(
  endpoint: CompiledEndpoint,
  query: string | undefined,
): Occurrence[] | undefined {
  if (query === undefined) return []
  const occurrences: Occurrence[] = []
  const names = new Set<string>()
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const name = equals > 0 ? decodePart(pair.slice(0, equals)) : undefined
    if (name === undefined) return undefined
    const raw = pair.slice(equals + 1)
    const parameter = endpoint.query.get(name)
    const texts = readValue(raw, parameter?.list === true)
    if (texts === undefined) return undefined
    occurrences.push({ name, isTwin: names.has(name), parameter, isWay: false, texts })
    names.add(name)
  }
  return occurrences
}

function readValue(raw: string, list: boolean): string[] | undefined {
  if (list && raw.includes('%2C')) return undefined
  const texts: string[] = []
  for (const part of list ? raw.split(',') : [raw]) {
    const text = part === '' ? '' : decodePart(part)
    if (text === undefined) return undefined
    texts.push(text)
  }
  return texts
}

function decodePart(part: string): string | undefined {
  return PLAIN_PART.test(part) ? decodeCanonical(part) : undefined
}

/** Of what RFC 3986 allows in a query, without `& = + ;` and `'`, which WHATWG's URL rewrites; hexadecimal in capitals. */
const PLAIN_PART = /^(?:[A-Za-z0-9\-._~!$()*,:@/?]|%[0-9A-F]{2})+$/
