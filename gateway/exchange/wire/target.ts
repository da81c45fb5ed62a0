/**
 * `/r1/{instance}/{class}/{code}/{subsystem}/{service}[/path]` (X-Road PR-REST 4.1), attacker-controlled.
 *
 * One spelling only, the normal form of RFC 3986 6.2.2: what an endpoint rule is matched against must be what the
 * provider will understand, whatever its server decodes, merges or strips.
 */
import type { Refusal } from '../../../policies/refusal.ts'
import { Malformed, ServiceId } from '../../../policies/vocabulary.ts'
import { remembered } from './remembered.ts'

export type Target =
  | {
      readonly kind: 'target'
      readonly service: ServiceId
      /** Path after the service code, undecoded: empty or `/…`. */
      readonly rest: string
    }
  | { readonly kind: 'refused'; readonly code: Refusal }

export function splitTarget(path: string): Target {
  if (!isNormal(path)) return MALFORMED
  const found = FIVE_PARTS.exec(path)
  if (found === null) return MALFORMED
  try {
    return { kind: 'target', service: serviceIn(found[1] ?? ''), rest: found[2] ?? '' }
  } catch (fault) {
    if (fault instanceof Malformed) return MALFORMED
    throw fault
  }
}

const serviceIn = remembered(ServiceId.parse)

const MALFORMED: Target = { kind: 'refused', code: 'Client.Request.MalformedPath' }
const LONGEST_PATH = 4096

/**
 * Segments of pchar (RFC 3986 3.3), none empty but the last. Not allowed although pchar:
 * - `;`, since some servers cut a segment there; `%3B` is no such mark;
 * - an encoded unreserved character or lower-case hex: a second spelling of the same path (`%2e%2e`, `%41`);
 * - `%2F`, `%5C`, `%25`, `%00`–`%1F`, `%7F`: servers disagree on what they are.
 */
const NORMAL =
  /^\/r1(?:\/(?:[\w.~!$&'()*+,=:@-]|%(?:2[0-46-9A-C]|3[A-F]|40|5[BDE]|60|7[B-D]|[89A-F][0-9A-F]))+)+\/?$/
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/
const FIVE_PARTS = /^\/r1\/([^/]+\/[^/]+\/[^/]+\/[^/]+\/[^/]+)(\/.*)?$/

function isNormal(path: string): boolean {
  if (path.length > LONGEST_PATH || !NORMAL.test(path) || DOT_SEGMENT.test(path)) return false
  return !path.includes('%') || decodesToText(path)
}

/** True for well-formed UTF-8 without control or invisible format characters. */
function decodesToText(path: string): boolean {
  try {
    return !/[\p{Cc}\p{Cf}]/u.test(decodeURIComponent(path))
  } catch {
    return false
  }
}
