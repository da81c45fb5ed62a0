/**
 * Parameters whose values stand in a leaf and that an agreement can bound by them (design D15, and booleans). Each type has one spelling
 * for one value, so that a bound can't be passed by another spelling. Of a text that may be left out a leaf says that it was given, and of
 * none what it says.
 */
import { isCalendarDate } from './calendar-date.ts'
import type { LoggedType, ParameterRegistration, ParameterType } from './service.ts'

const VALUES: Readonly<
  Record<LoggedType, (text: string, codes: readonly string[] | undefined) => boolean>
> = {
  // Of the Republic or Gregorian: the agreement's bound says which.
  year: (text) => /^[1-9][0-9]{0,3}$/.test(text),
  date: isCalendarDate,
  code: (text, codes) => codes?.includes(text) === true,
  integer: (text) => /^(?:0|-?[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)),
  boolean: (text) => text === 'true' || text === 'false',
}

export function isLoggedType(type: ParameterType): type is LoggedType {
  return Object.hasOwn(VALUES, type)
}

/** Of a parameter of a logged type: whether it can have that value. */
export function isLoggedValue(
  type: LoggedType,
  codes: ParameterRegistration['codes'],
  text: string,
): boolean {
  return VALUES[type](text, codes)
}

/** What a question holds of a parameter's values; undefined: not even its name. */
export function loggedValues(
  { required, type }: ParameterRegistration,
  texts: readonly string[],
): readonly string[] | undefined {
  if (isLoggedType(type)) return texts
  // The subject stands as a pseudonym; a text that every request has is allowed with its endpoint.
  return type === 'text' && !required ? [] : undefined
}
