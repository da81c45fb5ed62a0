/**
 * What the walk over an answer follows: the registered pointers of one endpoint as a tree, and at each place whether
 * what stands there may pass.
 */
import type { FieldType } from '../../../policies/service.ts'
import type { FieldName } from '../../../policies/vocabulary.ts'
import { OPEN_ARRAY, OPEN_OBJECT } from '../json/scan.ts'
import { MemberNames } from './member-names.ts'
import { NameOrder } from './name-order.ts'
import type { Pattern } from './pattern.ts'

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
  readonly pattern: Pattern | undefined
}

/** One place. All have the same members, so that the walk sees one shape. */
export class Plan {
  readonly kind: number
  /** The bracket that must begin it, or 0. */
  readonly opening: number
  /** Something permitted stands here or below: the container, or the value, is written out. */
  readonly passes: boolean
  /** The subject's number stands here or below. */
  readonly leadsToSubject: boolean
  readonly field: Field | undefined
  /** Of an array: what each element is. */
  readonly element: Plan | undefined
  /** Of an object. */
  readonly names: MemberNames
  readonly members: readonly Plan[]
  /** The member that leads to the subject, or -1. */
  readonly subjectMember: number
  readonly order: NameOrder
  /** The object that is being read here, by a number that no other ever had; one only can be open at one place. */
  object = 0
  /** By member: the object in which it was seen last. A double counts to 2^53. */
  readonly seenIn: Float64Array

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
    this.opening = place.kind === OBJECT ? OPEN_OBJECT : place.kind === ARRAY ? OPEN_ARRAY : 0
    this.passes = place.passes
    this.leadsToSubject = place.leadsToSubject
    this.field = place.field
    this.element = place.element
    this.order = place.kind === OBJECT ? new NameOrder() : NO_ORDER
    this.names = new MemberNames(members.map(([name]) => name))
    this.members = members.map(([, member]) => member)
    this.seenIn = new Float64Array(members.length)
    this.subjectMember = members.findIndex(([, member]) => member.leadsToSubject)
  }
}

const NO_ORDER = new NameOrder()

export const DROPPED = new Plan({ kind: NOTHING, passes: false, leadsToSubject: false })
