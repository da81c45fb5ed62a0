/** What one walk over one answer knows and has found out. */
import type { Buffer } from 'node:buffer'
import type { FieldName } from '../../../policies/vocabulary.ts'
import type { Projection } from './compile-projection.ts'
import { KeptRanges } from './kept-ranges.ts'
import type { NameOrder } from './name-order.ts'
import { OpenNames } from './open-names.ts'
import { OtherNames } from './other-names.ts'

export class Pass {
  /** As received; same positions as `bytes`. */
  text: Buffer
  /** Zero-terminated. */
  bytes: Uint8Array
  /** Where the terminating zero stands. */
  readonly end: number
  readonly subject: string | undefined
  readonly namesSubject: boolean
  /** By `Field.index`: 1 where a value was found. */
  readonly present: Uint8Array

  /** No other answer had this number. */
  readonly number = (answers += 1)
  depth = 0
  malformed = false
  /** The field that did not have its type. */
  place: FieldName | undefined
  wrongSubject = false
  furtherPeople = false
  subjectSeen = false

  /** Of the innermost object. */
  order: NameOrder
  /** Where the name read last ends, after its quote. */
  nameEnd = 0
  /** Of the scalar read last: a string with an escape in it. */
  escaped = false
  readonly kept: KeptRanges
  readonly open: OpenNames
  readonly others: OtherNames

  constructor(
    projection: Projection,
    text: Buffer,
    bytes: Uint8Array,
    subject: string | undefined,
  ) {
    this.text = text
    this.bytes = bytes
    this.end = text.length
    this.subject = subject
    this.namesSubject = projection.namesSubject
    this.present = new Uint8Array(projection.names.length)
    this.order = projection.root.order
    this.kept = new KeptRanges()
    this.open = new OpenNames(text, bytes)
    this.others = new OtherNames(text)
  }
}

let answers = 0

/**
 * The text is not what it must be. Answers the place of the terminating zero, where nothing is ever expected: every
 * caller up to the root finds its next expectation broken and returns, without asking.
 */
export function fault(pass: Pass): number {
  pass.malformed = true
  return pass.end
}
