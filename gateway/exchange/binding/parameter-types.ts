import { isCalendarDate } from '../../../policies/calendar-date.ts'
import { isNationalNumber, type NumberRule } from '../../../policies/national-number.ts'
import type { ParameterRegistration } from '../../../policies/service.ts'
import { characterCount } from '../json/characters.ts'
import { CONTROL } from './read-path.ts'

/** Each type has one spelling for one value, so that a bound in an agreement cannot be passed by another spelling. */
export function hasType(parameter: ParameterRegistration, text: string, rule: NumberRule): boolean {
  switch (parameter.type) {
    case 'year':
      // Of the Republic or Gregorian: the agreement's bound says which.
      return /^[1-9][0-9]{0,3}$/.test(text)
    case 'date':
      return isCalendarDate(text)
    case 'code':
      return parameter.codes?.includes(text) === true
    case 'integer':
      return /^(?:0|-?[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text))
    case 'boolean':
      return text === 'true' || text === 'false'
    case 'text':
      return !CONTROL.test(text) && isWithin(text, parameter.maxLength ?? 0)
    case 'national-id':
      return isNationalNumber(text, rule)
  }
}

/** A character has one UTF-16 unit or two: often nothing needs counting. */
function isWithin(text: string, maxLength: number): boolean {
  return text.length <= maxLength || characterCount(text) <= maxLength
}
