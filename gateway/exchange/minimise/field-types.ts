/**
 * What a value must look like to pass, on its bytes. `start` and `end` include a string's quotes; the grammar of JSON has
 * been checked.
 */
import { isNationalNumber } from '../../../policies/national-number.ts'
import { isCalendarDate } from '../../../policies/calendar-date.ts'
import { characterCount } from '../json/characters.ts'
import { QUOTE } from '../json/scan.ts'
import { meaning } from '../json/text-bytes.ts'
import { ANY_NUMBER, hasAnotherNumber, mayHaveNumber } from './further-people.ts'
import type { Pass } from './pass.ts'
import type { Field } from './plan.ts'

/** Not `null`: whether that may stand is another question. */
export function holdsType(pass: Pass, field: Field, start: number, end: number): boolean {
  const isString = pass.bytes[start] === QUOTE
  switch (field.type) {
    case 'text':
    case 'code':
      return isString && holdsText(pass, field, start, end)
    case 'integer':
      return !isString && isInteger(pass.bytes, start, end)
    case 'number':
      return isNumber(pass.bytes[start]) && end - start <= LONGEST_NUMBER
    case 'boolean':
      return pass.bytes[start] === LETTER_T || pass.bytes[start] === LETTER_F
    case 'year':
      return holdsYear(pass, start, end)
    case 'date':
      return isString && end - start === 12 && isCalendarDate(textOf(pass, start, end))
    case 'national-id':
      return (
        isString &&
        (isSubject(pass, start, end) || isNationalNumber(textOf(pass, start, end), ANY_NUMBER))
      )
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

/** A value of the right type that names a person who was not asked about. */
export function namesAnother(pass: Pass, field: Field, start: number, end: number): boolean {
  if (field.type === 'national-id') return !isSubject(pass, start, end)
  if (field.type !== 'text') return false
  if (!pass.escaped && !mayHaveNumber(pass.bytes, start + 1, end - 1)) return false
  return hasAnotherNumber(textOf(pass, start, end), pass.subject)
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
  // A character has one byte or more, in any spelling: often the length needs no counting.
  if (end - start - 2 > field.maxLength && !isWithin(pass, field, start, end)) return false
  return field.pattern === undefined || field.pattern.test(textOf(pass, start, end))
}

function isWithin(pass: Pass, field: Field, start: number, end: number): boolean {
  // No spelling of a character is longer than the twelve bytes of two escapes.
  if (end - start - 2 > 12 * field.maxLength) return false
  return characterCount(textOf(pass, start, end)) <= field.maxLength
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
  for (let at = first; at < end; at += 1) {
    if (!isDigit(bytes[at])) return false
  }
  return true
}

/** One to four digits without a leading zero, as a number or as a string: departments write both. */
function holdsYear(pass: Pass, start: number, end: number): boolean {
  const quoted = pass.bytes[start] === QUOTE ? 1 : 0
  const first = start + quoted
  const last = end - quoted
  if (last - first < 1 || last - first > 4 || pass.bytes[first] === ZERO) return false
  for (let at = first; at < last; at += 1) {
    if (!isDigit(pass.bytes[at])) return false
  }
  return true
}
