/**
 * The numbers by which the state names a person: the national identification number (國民身分證統一編號) and the
 * unified identification number of foreign nationals (外來人口統一證號), in its form since 2021 and in the one before.
 */
import type { Id } from './vocabulary.ts'

/** Well-formed and in canonical spelling (capital letters): personal, attacker-controlled, never logged. */
export type NationalNumber = Id<'NationalNumber'>

/** Which numbers count as well-formed. */
export interface NumberRule {
  /**
   * Also those whose second character is 0 or 3–6. Nobody was ever given one, so demonstrations and tests use them;
   * in earnest they are refused.
   */
  readonly syntheticIds: boolean
}

/** A letter, a digit (or, in the old form, a letter A–D), and eight digits, the last of which checks the others. */
export function isNationalNumber(text: string, rule: NumberRule): text is NationalNumber {
  if (text.length !== 10) return false
  const place = placeValue(text.charCodeAt(0))
  const second = secondValue(text.charCodeAt(1), rule)
  if (place === 0 || second < 0) return false
  let sum = Math.floor(place / 10) + (place % 10) * 9 + second * 8
  for (let at = 2; at < 10; at += 1) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return false
    sum += digit * (at === 9 ? 1 : 9 - at)
  }
  return sum % 10 === 0
}

const ZERO = 48
const LETTER_A = 65

/** 辦法 D0030030 §3: the two digits that stand for the county or city of first registration, A to Z. */
const PLACES = [
  10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30,
  31, 33,
]

function placeValue(code: number): number {
  return PLACES[code - LETTER_A] ?? 0
}

/** Below 0: none. */
function secondValue(code: number, rule: NumberRule): number {
  const second = String.fromCharCode(code)
  if (ISSUED.includes(second)) return code - ZERO
  if (OLD_LETTERS.includes(second)) return code - LETTER_A
  return rule.syntheticIds && NEVER_ISSUED.includes(second) ? code - ZERO : -1
}

/** 1 and 2: nationals; 8 and 9: foreign nationals since 2021-01-02. */
const ISSUED = '1289'
/** Foreign nationals before 2021-01-02; a letter counts with the last digit of its place value. */
const OLD_LETTERS = 'ABCD'
const NEVER_ISSUED = '03456'
