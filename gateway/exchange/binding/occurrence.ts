import type { ParameterRegistration } from '../../../policies/service.ts'

/** Something that a request names, wherever it stands. */
export interface Occurrence {
  readonly name: string
  /** The same name stood before in the same query, or in the same object. */
  readonly isTwin: boolean
  /** Undefined: nothing of that name is registered there, or it is an object on the way to what is. */
  readonly parameter: ParameterRegistration | undefined
  /** An object on the way to a registered parameter. */
  readonly isWay: boolean
  /** Its values as written, decoded; undefined: not even of the right form. */
  readonly texts: readonly string[] | undefined
}
