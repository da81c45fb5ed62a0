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

/** The canonical text of a value. Throws on a number that JSON cannot hold (NaN, an infinity). */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RangeError('RFC 8785 has no spelling for a number that is not finite')
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`
  return canonicalObject(value)
}

function canonicalObject(object: JsonObject): string {
  let text = ''
  for (const name of Object.keys(object).sort()) {
    const member = object[name]
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value)
}
