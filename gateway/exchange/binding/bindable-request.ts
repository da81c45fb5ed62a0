import type { Buffer } from 'node:buffer'

/** What binding needs of a request, raw. */
export interface BindableRequest {
  readonly method: string
  /** Raw, after the service code: empty or `/…`. */
  readonly path: string
  /** Raw, without `?`; undefined: there was no `?`. */
  readonly query: string | undefined
  readonly body: Buffer | undefined
  /** Name, value, name, value, … */
  readonly headers: readonly string[]
}
