import type { ParameterRegistration } from '../../../policies/service.ts'

/** Something that a request names, wherever it stands. */
export interface Occurrence {
  readonly name: string
  /** One thing per place; what stands twice has the same key twice. */
  readonly key: string
  /** Undefined: nothing of that name is registered there, or it is an object on the way to what is. */
  readonly parameter: ParameterRegistration | undefined
  /** An object on the way to a registered parameter. */
  readonly isWay?: true
  /** Its values as written, decoded; undefined: not even of the right form. */
  readonly texts: readonly string[] | undefined
}
