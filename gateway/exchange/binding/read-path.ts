/**
 * The path after the service code, decoded segment by segment: in one spelling only, so that no reader behind us can take it
 * for another path (RFC 3986 §3.3, §6.2.2).
 */

/**
 * Empty: no segment; otherwise `/` and segments, of which only the last may be empty. Undefined: not canonical. Refused are
 * bad or lower-case percent-encoding, encoded letters, digits and `-._~`, encoded `/ \ %`, control characters, raw `;` and
 * whatever else RFC 3986 has no place for in a segment, `.` and `..`, bytes that are not UTF-8.
 */
export function readPath(path: string): readonly string[] | undefined {
  if (path === '') return []
  if (!path.startsWith('/')) return undefined
  const raw = path.slice(1).split('/')
  const segments: string[] = []
  for (const [at, segment] of raw.entries()) {
    const decoded = segment === '' && at === raw.length - 1 ? '' : decodeSegment(segment)
    if (decoded === undefined) return undefined
    segments.push(decoded)
  }
  return segments
}

/** One segment that is not empty; undefined: not canonical. */
export function decodeSegment(segment: string): string | undefined {
  if (!PLAIN_SEGMENT.test(segment) || segment === '.' || segment === '..') return undefined
  return AMBIGUOUS_IN_PATH.test(segment) ? undefined : decodeCanonical(segment)
}

/** Percent-encoding in its one spelling; undefined: another, not UTF-8, or a control character. */
export function decodeCanonical(text: string): string | undefined {
  if (!text.includes('%')) return text
  if (ENCODED_FOR_NOTHING.test(text)) return undefined
  try {
    const decoded = decodeURIComponent(text)
    return CONTROL.test(decoded) ? undefined : decoded
  } catch {
    return undefined
  }
}

/** `pchar` of RFC 3986 without `;`, at which some servers cut a segment; hexadecimal in capitals (§6.2.2.1). */
const PLAIN_SEGMENT = /^(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-F]{2})+$/

/** Encoded `/`, `\` and `%`: read twice, or by another reader, they become another path. */
const AMBIGUOUS_IN_PATH = /%(?:2F|5C|25)/

/** Encoded unreserved characters (RFC 3986 §6.2.2.2). */
const ENCODED_FOR_NOTHING = /%(?:2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])/

// eslint-disable-next-line no-control-regex -- control characters are what is refused
export const CONTROL = /[\u0000-\u001f\u007f-\u009f]/
