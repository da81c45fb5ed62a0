/** Which registered member a name is, and whether the object has it already. */
import { BACKSLASH, QUOTE, stringEnd } from '../json/scan.ts'
import { meaning } from '../json/text-bytes.ts'
import { UNREGISTERED } from './member-names.ts'
import { UNEXPECTED, type NameOrder } from './name-order.ts'
import type { Pass } from './pass.ts'
import { NOTHING, type Plan } from './plan.ts'

/** Not a name, or one that the object has already. */
export const REFUSED = -2

/**
 * The member whose name begins with the quote at `quote`, or `UNREGISTERED`; `pass.nameEnd` is where the name ends, after its
 * quote. A name is the same however it is spelled (`"\u0061"` is `"a"`).
 */
export function readName(pass: Pass, plan: Plan, quote: number): number {
  const { order } = pass
  const at = order.expect(pass.bytes, quote)
  if (at === UNEXPECTED) return readUnexpected(pass, plan, quote)
  pass.nameEnd = quote + (order.lengths[at] ?? 0)
  const member = order.members[at] ?? UNREGISTERED
  if (member >= 0) plan.seenIn[member] = plan.object
  return member
}

function readUnexpected(pass: Pass, plan: Plan, quote: number): number {
  const { order } = pass
  const { names } = plan
  if (order.inStep) leaveStep(pass, order)
  if (!readSpelling(pass, quote)) return REFUSED
  const member = pass.escaped
    ? names.findByMeaning(meaning(pass.text, { start: quote + 1, end: pass.nameEnd - 1 }, true))
    : names.find(pass.bytes, quote, pass.nameEnd)
  const isNew = member < 0 ? addOther(pass, plan, quote) : addRegistered(plan, member)
  if (!isNew) return REFUSED
  order.learn(quote, pass.nameEnd - quote, member)
  return member
}

/** From here on the names that the object has had must be known one by one; the registered ones are. */
function leaveStep(pass: Pass, order: NameOrder): void {
  order.leaveStep()
  for (let at = 0; at < order.count; at += 1) {
    if ((order.members[at] ?? 0) >= 0) continue
    const start = (order.starts[at] ?? 0) + 1
    const end = start + (order.lengths[at] ?? 0) - 2
    pass.open.add(start, end, hasEscape(pass.bytes, start, end))
  }
}

/** False: no name stands here. */
function readSpelling(pass: Pass, quote: number): boolean {
  if (pass.bytes[quote] !== QUOTE) return false
  const end = stringEnd(pass.bytes, quote + 1)
  pass.escaped = end < 0
  pass.nameEnd = end < 0 ? ~end : end
  return end !== 0
}

function addOther(pass: Pass, plan: Plan, quote: number): boolean {
  const start = quote + 1
  const end = pass.nameEnd - 1
  if (!pass.open.add(start, end, pass.escaped)) return false
  if (plan.kind !== NOTHING) pass.others.add(start, end, pass.escaped)
  return true
}

function addRegistered(plan: Plan, member: number): boolean {
  if (plan.seenIn[member] === plan.object) return false
  plan.seenIn[member] = plan.object
  return true
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === BACKSLASH) return true
  return false
}
