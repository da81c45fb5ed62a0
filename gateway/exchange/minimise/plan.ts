/**
 * What the walk over an answer follows: the registered pointers of one endpoint as a tree, and at each place whether
 * what stands there may pass.
 */
import type { FieldType } from '../../../policies/service.ts'
import type { FieldName } from '../../../policies/vocabulary.ts'
import { sign } from './name-bytes.ts'

/** Nothing is registered here: whatever stands here is read and dropped. */
export const NOTHING = 0
export const OBJECT = 1
export const ARRAY = 2
export const SCALAR = 3

/** A registered field, ready to be checked. `index` is its place in the sorted list of names. */
export interface Field {
  readonly name: FieldName
  readonly index: number
  readonly type: FieldType
  readonly nullable: boolean
  /** Characters. */
  readonly maxLength: number
  /** Matches whole values only. */
  readonly pattern: RegExp | undefined
}

/** One place. All have the same members, so that the walk sees one shape. */
export class Plan {
  readonly kind: number
  /** Something permitted stands here or below: the container, or the value, is written out. */
  readonly passes: boolean
  /** The subject's number stands here or below. */
  readonly leadsToSubject: boolean
  readonly field: Field | undefined
  /** Of an array: what each element is. */
  readonly element: Plan | undefined
  readonly names: MemberNames
  readonly members: readonly Plan[]
  /** Of an object: the member that leads to the subject, or -1. */
  readonly subjectMember: number
  /** The object that is being read here, by a number that no other ever had; only one can be open at one place. */
  object = 0

  constructor(place: {
    kind: number
    passes: boolean
    leadsToSubject: boolean
    field?: Field | undefined
    element?: Plan
    members?: ReadonlyMap<string, Plan>
  }) {
    const members = [...(place.members ?? [])]
    this.kind = place.kind
    this.passes = place.passes
    this.leadsToSubject = place.leadsToSubject
    this.field = place.field
    this.element = place.element
    this.names = new MemberNames(members.map(([name]) => name))
    this.members = members.map(([, member]) => member)
    this.subjectMember = members.findIndex(([, member]) => member.leadsToSubject)
  }
}

/**
 * The registered member names of one object, to be found by their bytes.
 *
 * Which name follows which is remembered, since records repeat their order: the guess costs one comparison and is
 * never trusted. What is remembered are positions of registered names, nothing that a provider wrote.
 */
export class MemberNames {
  /** Each name with its quotes, one after the other. */
  readonly bytes: Uint8Array
  readonly starts: Int32Array
  /** With the quotes; 0 for a name that JSON can spell only with an escape. */
  readonly lengths: Int32Array
  /** After the member at `[i]` (0: at the start of the object) came the member `following[i] - 1`; 0: unknown. */
  readonly following: Int32Array
  /** In which object (by number) the member was last seen. A double counts up to 2^53. */
  readonly seenIn: Float64Array
  /** Open addressing by `sign`: member + 1, or 0. */
  readonly table: Int32Array
  readonly byText: ReadonlyMap<string, number>

  constructor(names: readonly string[]) {
    const spelled = names.map((name) => new TextEncoder().encode(`"${name}"`))
    this.bytes = new Uint8Array(spelled.reduce((sum, { length }) => sum + length, 0))
    this.starts = new Int32Array(names.length)
    this.lengths = new Int32Array(names.length)
    this.following = Int32Array.from({ length: names.length + 1 }, (_, member) =>
      member < names.length ? member + 1 : 0,
    )
    this.seenIn = new Float64Array(names.length)
    this.table = new Int32Array(tableSize(names.length))
    this.byText = new Map(names.map((name, member) => [name, member]))
    let at = 0
    for (const [member, bytes] of spelled.entries()) {
      this.bytes.set(bytes, at)
      this.starts[member] = at
      at += bytes.length
      if (JSON.stringify(names[member]).length !== (names[member] ?? '').length + 2) continue
      this.lengths[member] = bytes.length
      this.#enter(member)
    }
  }

  #enter(member: number): void {
    const start = this.starts[member] ?? 0
    const mask = this.table.length - 1
    let slot = sign(this.bytes, start + 1, start + (this.lengths[member] ?? 0) - 1) & mask
    while (this.table[slot] !== 0) slot = (slot + 1) & mask
    this.table[slot] = member + 1
  }
}

/** Always at least half empty, so that a search ends. */
function tableSize(names: number): number {
  let size = 8
  while (size < 4 * names) size *= 2
  return size
}

export const DROPPED = new Plan({ kind: NOTHING, passes: false, leadsToSubject: false })
