import { isLoggedValue } from '../../../policies/logged-parameters.ts'
import { isNationalNumber, type NumberRule } from '../../../policies/national-number.ts'
import type { ParameterRegistration } from '../../../policies/service.ts'
import { characterCount } from '../json/characters.ts'
import { CONTROL } from './read-path.ts'

export function hasType(parameter: ParameterRegistration, text: string, rule: NumberRule): boolean {
  const { codes, maxLength, type } = parameter
  if (type === 'text') return !CONTROL.test(text) && isWithin(text, maxLength ?? 0)
  if (type === 'national-id') return isNationalNumber(text, rule)
  return isLoggedValue(type, codes, text)
}

/** A character has one UTF-16 unit or two: often nothing needs counting. */
function isWithin(text: string, maxLength: number): boolean {
  return text.length <= maxLength || characterCount(text) <= maxLength
}
