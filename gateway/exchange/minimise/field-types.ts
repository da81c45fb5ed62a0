/**
 * What a value must look like to pass, on its bytes. `start` and `end` include a string's quotes; the grammar of JSON has
 * been checked.
 */
import { isCalendarDate, isCalendarDay } from '../../../policies/calendar-date.ts'
import { isNationalNumber } from '../../../policies/national-number.ts'
import { characterCount } from '../json/characters.ts'
import { QUOTE } from '../json/scan.ts'
import { meaning } from '../json/text-bytes.ts'
import { ANY_NUMBER, hasAnotherNumber, mayHaveNumber } from '../further-people.ts'
import { MATCHES, UNDECIDED, type Pattern } from './pattern.ts'
import type { Pass } from './pass.ts'
import type { Field } from './plan.ts'

/**
 * Not `null`: whether that may stand is another question. That a value of the right type names somebody else is noted, and
 * weighed when all is read.
 */
export function holdsType(pass: Pass, field: Field, start: number, end: number): boolean {
  switch (field.type) {
    case 'text':
    case 'code':
      return holdsText(pass, field, start, end)
    case 'integer':
      return isInteger(pass.bytes, start, end)
    case 'number':
      return isNumber(pass.bytes[start]) && end - start <= LONGEST_NUMBER
    case 'boolean':
      return pass.bytes[start] === LETTER_T || pass.bytes[start] === LETTER_F
    case 'year':
      return holdsYear(pass, start, end)
    case 'date':
      return holdsDate(pass, start, end)
    case 'national-id':
      return holdsNumber(pass, start, end)
  }
}

/** The string is the number of the person asked about, letter by letter. */
export function isSubject(pass: Pass, start: number, end: number): boolean {
  const { bytes, subject } = pass
  if (subject === undefined || bytes[start] !== QUOTE) return false
  if (pass.escaped) return textOf(pass, start, end) === subject
  if (end - start !== subject.length + 2) return false
  for (let at = 0; at < subject.length; at += 1) {
    if (bytes[start + 1 + at] !== subject.charCodeAt(at)) return false
  }
  return true
}

const LONGEST_NUMBER = 64
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const LETTER_F = 0x66
const LETTER_T = 0x74

function textOf(pass: Pass, start: number, end: number): string {
  return meaning(pass.text, { start: start + 1, end: end - 1 }, pass.escaped)
}

/** The length is looked at first, so that a pattern never sees more than was registered. */
function holdsText(pass: Pass, field: Field, start: number, end: number): boolean {
  if (pass.bytes[start] !== QUOTE) return false
  // A character has one byte or more, in any spelling: often the length needs no counting.
  if (end - start - 2 > field.maxLength && !isWithin(pass, field, start, end)) return false
  if (field.pattern !== undefined && !matches(pass, field.pattern, start, end)) return false
  // A code may have the form of a national number, too.
  if (namesAnother(pass, start, end)) pass.furtherPeople = true
  return true
}

function matches(pass: Pass, pattern: Pattern, start: number, end: number): boolean {
  const told = pass.escaped ? UNDECIDED : pattern.testBytes(pass.bytes, start + 1, end - 1)
  return told === UNDECIDED ? pattern.test(textOf(pass, start, end)) : told === MATCHES
}

function isWithin(pass: Pass, field: Field, start: number, end: number): boolean {
  // No spelling of a character is longer than the twelve bytes of two escapes.
  if (end - start - 2 > 12 * field.maxLength) return false
  return characterCount(textOf(pass, start, end)) <= field.maxLength
}

function namesAnother(pass: Pass, start: number, end: number): boolean {
  if (!pass.escaped && !mayHaveNumber(pass.bytes, start + 1, end - 1)) return false
  return hasAnotherNumber(textOf(pass, start, end), pass.subject)
}

function holdsNumber(pass: Pass, start: number, end: number): boolean {
  if (isSubject(pass, start, end)) return true
  if (pass.bytes[start] !== QUOTE || !isNationalNumber(textOf(pass, start, end), ANY_NUMBER))
    return false
  pass.furtherPeople = true
  return true
}

function isNumber(first: number | undefined): boolean {
  return first === MINUS || isDigit(first)
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

/** JSON forbids leading zeros already; here also fractions, exponents and minus nought. */
function isInteger(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start
  if (end - start > LONGEST_NUMBER || (first > start && bytes[first] === ZERO)) return false
  return numberOf(bytes, first, end) >= 0
}

/** One to four digits without a leading zero, as a number or as a string: departments write both. */
function holdsYear(pass: Pass, start: number, end: number): boolean {
  const quoted = pass.bytes[start] === QUOTE ? 1 : 0
  const first = start + quoted
  const last = end - quoted
  if (last - first < 1 || last - first > 4 || pass.bytes[first] === ZERO) return false
  return numberOf(pass.bytes, first, last) >= 0
}

function holdsDate(pass: Pass, start: number, end: number): boolean {
  const { bytes } = pass
  if (bytes[start] !== QUOTE) return false
  if (pass.escaped) return isCalendarDate(textOf(pass, start, end))
  if (end - start !== 12 || bytes[start + 5] !== MINUS || bytes[start + 8] !== MINUS) return false
  const year = numberOf(bytes, start + 1, start + 5)
  const month = numberOf(bytes, start + 6, start + 8)
  const day = numberOf(bytes, start + 9, start + 11)
  return year >= 0 && isCalendarDay(year, month, day)
}

/** What the digits say (exactly, up to 15 of them); below 0 if anything else is among them. */
function numberOf(bytes: Uint8Array, start: number, end: number): number {
  let number = 0
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}
