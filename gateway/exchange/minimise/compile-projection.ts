/**
 * From a registration and a set of permitted fields to the plan that the walk follows. Done once for each pair and
 * kept by the caller.
 */
import type { EndpointRegistration, FieldRegistration } from '../../../policies/service.ts'
import type { FieldName } from '../../../policies/vocabulary.ts'
import { pointerTokens } from '../json/pointer.ts'
import { Pattern } from './pattern.ts'
import { ARRAY, DROPPED, OBJECT, Plan, SCALAR, type Field } from './plan.ts'

export interface Projection {
  readonly root: Plan
  /** All registered names of the schema, sorted; `Field.index` counts in it. */
  readonly names: readonly FieldName[]
  readonly permitted: readonly boolean[]
  /** The answer must say whom it is about. */
  readonly namesSubject: boolean
}

/** `fields`: what a 2xx answer may hold; `errorFields`: any other. */
export type Schema = 'fields' | 'errorFields'

/**
 * Throws `RangeError` for a registration that contradicts itself (two fields at one place, a field inside another, text
 * without a length): documents are checked before they take force, so this is a fault of ours.
 */
export function compileProjection(
  endpoint: EndpointRegistration,
  allowed: ReadonlySet<FieldName>,
  schema: Schema,
): Projection {
  const registered = endpoint[schema]
  const permitted = aboutTheSubject(endpoint, allowed, registered)
  const names = [...new Set(registered.map(({ name }) => name))].sort()
  const root = new Draft()
  for (const field of registered) {
    const place = root.at(pointerTokens(field.pointer))
    if (place === root) throw new RangeError(`${field.name} is the whole answer`)
    if (place.field !== undefined) throw new RangeError(`two fields at ${field.pointer}`)
    place.field = readyField(field, names.indexOf(field.name))
    place.passes = permitted.has(field.name)
  }
  const subject = endpoint.subjectInResponse
  if (subject !== 'none' && (schema === 'fields' || hasRoomFor(subject, registered))) {
    root.at(pointerTokens(subject)).isSubject = true
  }
  return {
    root: root.plan('') ?? DROPPED,
    names,
    permitted: names.map((name) => permitted.has(name)),
    namesSubject: schema === 'fields' && endpoint.subjectInResponse !== 'none',
  }
}

/**
 * Without the fields that tell of somebody who is named beside them by a number that may not pass: what is said of a household member
 * is about her, number or not, and nobody decided about her. Where the number may pass too, the walk refuses whoever is not the
 * subject.
 */
function aboutTheSubject(
  { subjectInResponse }: EndpointRegistration,
  allowed: ReadonlySet<FieldName>,
  registered: readonly FieldRegistration[],
): ReadonlySet<FieldName> {
  const others = registered.filter(
    ({ name, pointer, type }) =>
      type === 'national-id' &&
      !allowed.has(name) &&
      containerOf(pointer) !== containerOf(subjectInResponse),
  )
  const isAboutOthers = ({ pointer }: FieldRegistration): boolean =>
    others.some((other) => pointer.startsWith(`${containerOf(other.pointer)}/`))
  const names = registered.filter((field) => !isAboutOthers(field)).map(({ name }) => name)
  return new Set(names.filter((name) => allowed.has(name)))
}

function containerOf(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf('/')))
}

/** An error body may be of another build than an answer: then there is no place where the subject could stand. */
function hasRoomFor(subject: string, registered: readonly FieldRegistration[]): boolean {
  const path = pointerTokens(subject)
  return registered.every(({ pointer }) => {
    const other = pointerTokens(pointer)
    const split = path.findIndex((token, at) => token !== other[at])
    if (split < 0) return path.length === other.length
    return split < other.length && path[split] !== '*' && other[split] !== '*'
  })
}

function readyField(field: FieldRegistration, index: number): Field {
  const sized = field.type === 'text' || field.type === 'code'
  if (sized && field.maxLength === undefined) {
    throw new RangeError(`${field.name} is ${field.type} without maxLength`)
  }
  return {
    name: field.name,
    index,
    type: field.type,
    nullable: field.nullable,
    maxLength: field.maxLength ?? 0,
    pattern: field.pattern === undefined ? undefined : new Pattern(field.pattern),
  }
}

/** A place while the pointers are being entered. */
class Draft {
  field: Field | undefined
  passes = false
  isSubject = false
  element: Draft | undefined
  readonly members = new Map<string, Draft>()

  at(tokens: readonly string[]): Draft {
    const [token, ...rest] = tokens
    return token === undefined ? this : this.#below(token).at(rest)
  }

  #below(token: string): Draft {
    if (token === '*') return (this.element ??= new Draft())
    const known = this.members.get(token)
    if (known !== undefined) return known
    const member = new Draft()
    this.members.set(token, member)
    return member
  }

  /** Undefined for a place where nothing is registered at all. */
  plan(pointer: string): Plan | undefined {
    const kinds = [this.element !== undefined, this.members.size > 0, this.isScalar()]
    const count = kinds.filter(Boolean).length
    if (count > 1) throw new RangeError(`${pointer} is registered as two kinds of value`)
    return count === 0 ? undefined : this.#planOf(pointer)
  }

  isScalar(): boolean {
    return this.field !== undefined || this.isSubject
  }

  #planOf(pointer: string): Plan {
    if (this.isScalar()) {
      const { field, passes, isSubject } = this
      return new Plan({ kind: SCALAR, field, passes, leadsToSubject: isSubject })
    }
    const element = this.element?.plan(`${pointer}/*`)
    if (element !== undefined) return new Plan({ ...under([element]), kind: ARRAY, element })
    const members = new Map<string, Plan>()
    for (const [name, draft] of this.members) {
      members.set(name, draft.plan(`${pointer}/${name}`) ?? DROPPED)
    }
    return new Plan({ ...under([...members.values()]), kind: OBJECT, members })
  }
}

function under(plans: readonly Plan[]): { passes: boolean; leadsToSubject: boolean } {
  return {
    passes: plans.some(({ passes }) => passes),
    leadsToSubject: plans.some(({ leadsToSubject }) => leadsToSubject),
  }
}
