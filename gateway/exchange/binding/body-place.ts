/** The registered members of a request body, as a tree of names. */
import type { ParameterRegistration } from '../../../policies/service.ts'
import { pointerTokens } from '../json/pointer.ts'

export class BodyPlace {
  readonly members = new Map<string, BodyPlace>()
  parameter: ParameterRegistration | undefined

  /** Throws `RangeError` where two parameters want one place, or one stands inside another. */
  register(parameter: ParameterRegistration): void {
    this.#enter(parameter, bodyTokens(parameter))
  }

  #enter(parameter: ParameterRegistration, [token, ...rest]: readonly string[]): void {
    if (token !== undefined) {
      this.#below(token, parameter).#enter(parameter, rest)
      return
    }
    if (this.parameter !== undefined || this.members.size > 0) throw taken(parameter)
    this.parameter = parameter
  }

  #below(token: string, parameter: ParameterRegistration): BodyPlace {
    if (this.parameter !== undefined || token === '*') throw taken(parameter)
    const place = this.members.get(token) ?? new BodyPlace()
    this.members.set(token, place)
    return place
  }
}

/** The member names on the way to a parameter of the body; by default a member of its own name. */
export function bodyTokens(parameter: ParameterRegistration): string[] {
  if (parameter.pointer === undefined) return [parameter.name]
  const tokens = pointerTokens(parameter.pointer)
  // A list ends in `/*`: every element of the array at that place.
  if (parameter.list && tokens.pop() !== '*') throw taken(parameter)
  if (tokens.length === 0) throw taken(parameter)
  return tokens
}

function taken(parameter: ParameterRegistration): RangeError {
  return new RangeError(`${parameter.name}: its place in the body is not one, or is another's`)
}
