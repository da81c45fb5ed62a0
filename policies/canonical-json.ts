/**
 * RFC 8785 (JSON Canonicalization Scheme): one spelling for one value, so that a digest of it means something.
 *
 * ECMAScript's own number and string serialisation is what RFC 8785 §3.2.2 prescribes; what is left to do is
 * the order of the members (by UTF-16 code units, §3.2.3). An absent member (`undefined`) is left out.
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [member: string]: Json | undefined
}

/** The canonical text of a value. Throws on what JSON can't hold (NaN, an infinity, a function, a bigint). */
export function canonicalJson(value: Json | object): string {
  return textOf(value)
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`
  if (typeof value === 'object') return objectText(value)
  throw new RangeError('RFC 8785 has no spelling for this value')
}

function objectText(object: object): string {
  const members = new Map<string, unknown>(Object.entries(object))
  let text = ''
  for (const name of [...members.keys()].sort()) {
    const member = members.get(name)
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${textOf(member)}`
  }
  return `{${text}}`
}
