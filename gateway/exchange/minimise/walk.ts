/**
 * One walk over an answer: its grammar is checked everywhere, what is permitted is kept, the subject is compared.
 *
 * Every function takes the place where its part begins and answers the place after it. On a fault that is the place of
 * the terminating zero (`fault`), so that nothing further matches. The order of what is kept is the order in which it
 * came; commas, colons and brackets are kept from the text as well, white space is not.
 */
import {
  afterSpace,
  isSpace,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  DEEPEST,
  LETTER_N,
  OPEN_ARRAY,
  OPEN_OBJECT,
} from '../json/scan.ts'
import { readName, REFUSED } from './member-name.ts'
import { NameOrder } from './name-order.ts'
import { fault, type Pass } from './pass.ts'
import { ARRAY, DROPPED, OBJECT, SCALAR, type Plan } from './plan.ts'
import { readScalar, walkField } from './walk-field.ts'

/** The whole text. */
export function walkText(pass: Pass, root: Plan): void {
  const start = afterSpace(pass.bytes, 0)
  if (!fits(root, pass.bytes[start])) missed(pass, root, start, true)
  const close = walkValue(pass, root, start)
  if (afterSpace(pass.bytes, close) !== pass.end) pass.malformed = true
  if (!isContainer(pass.bytes[start])) pass.malformed = true
  if (root.passes) return
  // Nothing may pass: an empty container of the same kind is left.
  pass.kept.keep(start, start + 1)
  pass.kept.keep(close - 1, close)
}

function walkValue(pass: Pass, plan: Plan, start: number): number {
  if (plan.kind === SCALAR) {
    return isContainer(pass.bytes[start])
      ? walkMisplaced(pass, plan, start)
      : walkField(pass, plan, start)
  }
  switch (pass.bytes[start] ?? 0) {
    case OPEN_OBJECT:
      return walkObject(pass, plan.kind === OBJECT ? plan : DROPPED, start)
    case OPEN_ARRAY:
      return walkArray(pass, plan.kind === ARRAY ? plan : DROPPED, start)
    default:
      return readScalar(pass, start)
  }
}

function walkObject(pass: Pass, plan: Plan, open: number): number {
  const { bytes } = pass
  if (!enter(pass, plan, open)) return fault(pass)
  const outerOrder = pass.order
  plan.object = objects += 1
  pass.order = orderOf(pass, plan)
  pass.open.enter()
  let at = afterSpace(bytes, open + 1)
  if (bytes[at] !== CLOSE_OBJECT) {
    for (;;) {
      at = afterSpace(bytes, walkMember(pass, plan, open, at))
      if (bytes[at] !== COMMA) break
      at = afterSpace(bytes, at + 1)
    }
    if (bytes[at] !== CLOSE_OBJECT) return fault(pass)
  }
  if (plan.subjectMember >= 0 && plan.seenIn[plan.subjectMember] !== plan.object) {
    pass.wrongSubject ||= pass.namesSubject
  }
  pass.open.leave()
  pass.order = outerOrder
  return leave(pass, plan, at)
}

/** What is registered has an order of its own; what is dropped shares one with whatever is dropped at its depth. */
function orderOf(pass: Pass, plan: Plan): NameOrder {
  const order = plan.kind === OBJECT ? plan.order : (DROPPED_ORDERS[pass.depth] ?? plan.order)
  order.begin(pass.number)
  return order
}

function walkMember(pass: Pass, plan: Plan, open: number, quote: number): number {
  const member = readName(pass, plan, quote)
  if (member === REFUSED) return fault(pass)
  const { bytes, nameEnd } = pass
  let start = nameEnd + 1
  if (bytes[nameEnd] !== COLON || isSpace(bytes, start)) {
    const colon = afterSpace(bytes, nameEnd)
    if (bytes[colon] !== COLON) return fault(pass)
    start = afterSpace(bytes, colon + 1)
  }
  const child = member < 0 ? DROPPED : (plan.members[member] ?? DROPPED)
  if (!fits(child, bytes[start])) {
    missed(pass, child, start, false)
    return walkValue(pass, DROPPED, start)
  }
  if (child.passes) keepName(pass, open, quote, start)
  return walkValue(pass, child, start)
}

/** The name, the comma before it unless it is the first that is kept of its object, and the colon. */
function keepName(pass: Pass, open: number, quote: number, start: number): void {
  const { bytes, kept, nameEnd } = pass
  const isFirst = kept.to === open + 1
  if (start === nameEnd + 1 && (isFirst || bytes[quote - 1] === COMMA)) {
    kept.keep(isFirst ? quote : quote - 1, start)
    return
  }
  if (!isFirst) keepComma(pass, quote)
  kept.keep(quote, nameEnd)
  const colon = afterSpace(bytes, nameEnd)
  kept.keep(colon, colon + 1)
}

function walkArray(pass: Pass, plan: Plan, open: number): number {
  const { bytes } = pass
  const element = plan.element ?? DROPPED
  if (!enter(pass, plan, open)) return fault(pass)
  let at = afterSpace(bytes, open + 1)
  if (bytes[at] !== CLOSE_ARRAY) {
    for (;;) {
      at = afterSpace(bytes, walkElement(pass, element, open, at))
      if (bytes[at] !== COMMA) break
      at = afterSpace(bytes, at + 1)
    }
    if (bytes[at] !== CLOSE_ARRAY) return fault(pass)
  }
  return leave(pass, plan, at)
}

function walkElement(pass: Pass, element: Plan, open: number, start: number): number {
  if (!fits(element, pass.bytes[start])) {
    missed(pass, element, start, true)
    return walkValue(pass, DROPPED, start)
  }
  if (element.passes && pass.kept.to !== open + 1) keepComma(pass, start)
  return walkValue(pass, element, start)
}

/** The comma before what stands at `start`. There is one: something of the same container was kept before. */
function keepComma(pass: Pass, start: number): void {
  let comma = start - 1
  while (comma > 0 && pass.bytes[comma] !== COMMA) comma -= 1
  pass.kept.keep(comma, comma + 1)
}

function enter(pass: Pass, plan: Plan, open: number): boolean {
  pass.depth += 1
  if (plan.passes) pass.kept.keep(open, open + 1)
  return pass.depth <= DEEPEST
}

function leave(pass: Pass, plan: Plan, close: number): number {
  pass.depth -= 1
  if (plan.passes) pass.kept.keep(close, close + 1)
  return close + 1
}

function isContainer(first: number | undefined): boolean {
  return first === OPEN_OBJECT || first === OPEN_ARRAY
}

/** Where a container is registered, a container of that kind begins here. */
function fits(plan: Plan, first: number | undefined): boolean {
  return plan.opening === 0 || plan.opening === first
}

/**
 * Where a container is registered, something else stands. Under a member's name, `null` is as good as no member at all;
 * everything else is malformed if anything in that container might have passed. Either way the subject is not named.
 */
function missed(pass: Pass, plan: Plan, start: number, nullCounts: boolean): void {
  if (plan.leadsToSubject) pass.wrongSubject ||= pass.namesSubject
  if (plan.passes && (nullCounts || pass.bytes[start] !== LETTER_N)) pass.malformed = true
}

/** An object or array where a single value is registered. */
function walkMisplaced(pass: Pass, plan: Plan, start: number): number {
  if (plan.field !== undefined) pass.present[plan.field.index] = 1
  if (plan.leadsToSubject) pass.wrongSubject = true
  if (plan.passes) {
    pass.place ??= plan.field?.name
    pass.malformed = true
  }
  return walkValue(pass, DROPPED, start)
}

const DROPPED_ORDERS = Array.from({ length: DEEPEST + 1 }, () => new NameOrder())

/** All objects ever read. A double counts to 2^53, which is some centuries. */
let objects = 0
