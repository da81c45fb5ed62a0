/** Whether an answer is what a projection on bytes can read: JSON in UTF-8, without content coding. */
export function isPlainJson(headers: readonly string[]): boolean {
  let types = 0
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] ?? '').toLowerCase()
    const value = (headers[at + 1] ?? '').trim().toLowerCase()
    if (name === 'content-encoding' && value !== 'identity' && value !== '') return false
    if (name !== 'content-type') continue
    types += 1
    if (!isJsonType(value)) return false
  }
  return types === 1
}

/** `value`: of a Content-Type, in lower case. */
export function isJsonType(value: string): boolean {
  return JSON_TYPE.test(value)
}

// `application/problem+json` and other structured suffixes (RFC 6839) are JSON as well.
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json(?: *; *charset=(?:utf-8|"utf-8"))?$/
