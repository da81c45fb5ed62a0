/** Which registered member a name is, and whether the object has it already. */
import { QUOTE, stringEnd } from '../json/scan.ts'
import { meaning } from '../json/text-bytes.ts'
import { sameBytes, sign } from './name-bytes.ts'
import type { Pass } from './pass.ts'
import { DROPPED, type MemberNames, type Plan } from './plan.ts'

/** Not registered here. */
export const UNREGISTERED = -1
/** Not a name, or one that the object has already. */
export const REFUSED = -2

/**
 * The member whose name begins with the quote at `quote`; `pass.nameEnd` is where the name ends, after its quote. A name is
 * the same however it is spelled (`"\\u0061"` is `"a"`).
 */
export function readName(pass: Pass, plan: Plan, quote: number): number {
  const { names } = plan
  const { bytes } = pass
  const guess = (names.following[pass.member + 1] ?? 0) - 1
  if (guess >= 0 && isName(names, guess, bytes, quote)) {
    pass.nameEnd = quote + (names.lengths[guess] ?? 0)
    return registered(pass, plan, guess)
  }
  if (bytes[quote] !== QUOTE) return REFUSED
  const end = stringEnd(bytes, quote + 1)
  if (end === 0) return REFUSED
  const escaped = end < 0
  pass.nameEnd = escaped ? ~end : end
  const member = escaped
    ? byMeaning(pass, names, quote)
    : byBytes(names, bytes, quote, pass.nameEnd)
  return member >= 0 ? registered(pass, plan, member) : unregistered(pass, plan, quote, escaped)
}

function registered(pass: Pass, plan: Plan, member: number): number {
  const { names } = plan
  if (names.seenIn[member] === plan.object) return REFUSED
  names.seenIn[member] = plan.object
  names.following[pass.member + 1] = member + 1
  pass.member = member
  return member
}

function unregistered(pass: Pass, plan: Plan, quote: number, escaped: boolean): number {
  const start = quote + 1
  const end = pass.nameEnd - 1
  if (!pass.open.add(start, end, escaped)) return REFUSED
  if (plan !== DROPPED) pass.others.add(start, end, escaped)
  return UNREGISTERED
}

function byBytes(names: MemberNames, bytes: Uint8Array, quote: number, end: number): number {
  const { table } = names
  const mask = table.length - 1
  let slot = sign(bytes, quote + 1, end - 1) & mask
  for (;;) {
    const member = (table[slot] ?? 0) - 1
    if (member < 0) return UNREGISTERED
    if (names.lengths[member] === end - quote && isName(names, member, bytes, quote)) return member
    slot = (slot + 1) & mask
  }
}

function byMeaning(pass: Pass, names: MemberNames, quote: number): number {
  const name = meaning(pass.text, { start: quote + 1, end: pass.nameEnd - 1 }, true)
  return names.byText.get(name) ?? UNREGISTERED
}

/** With both quotes, so that no longer name begins like this one. */
function isName(names: MemberNames, member: number, bytes: Uint8Array, quote: number): boolean {
  const length = names.lengths[member] ?? 0
  return length > 0 && sameBytes(bytes, quote, names.bytes, names.starts[member] ?? 0, length)
}
