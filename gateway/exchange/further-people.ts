/**
 * National numbers in free text. A guard against a department's habit of writing people into remarks, not against one that
 * hides them on purpose: that could spell a number in a thousand ways.
 */
import { isNationalNumber, type NumberRule } from '../../policies/national-number.ts'

/** In an answer a number that nobody holds is refused like any other: there it can only be somebody else's. */
export const ANY_NUMBER: NumberRule = { syntheticIds: true }

/**
 * False if there can't be a number, at the price of looking at every eighth byte: each form ends in eight digits. Only
 * for text without escapes, which may spell a digit otherwise.
 */
export function mayHaveNumber(bytes: Uint8Array, start: number, end: number): boolean {
  // The first digit of eight stands at the second place at the earliest.
  for (let at = start + 9; at < end; at += 8) {
    if (isDigit(bytes[at] ?? 0) && isEightDigits(bytes, at, end)) return true
  }
  return false
}

/** Letters in either case; no digit follows, for a longer number is another kind of number. */
export function hasAnotherNumber(text: string, subject: string | undefined): boolean {
  for (const [found] of text.matchAll(/[A-Za-z][A-Da-d0-9]\d{8}(?!\d)/g)) {
    const number = found.toUpperCase()
    if (number !== subject && isNationalNumber(number, ANY_NUMBER)) return true
  }
  return false
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isEightDigits(bytes: Uint8Array, within: number, end: number): boolean {
  let first = within
  while (isDigit(bytes[first - 1] ?? 0)) first -= 1
  let last = within
  while (last < end && isDigit(bytes[last] ?? 0)) last += 1
  return last - first >= 8
}
