/** Cedar's values in JSON form, and what it means for two of them to be equal. */
import type { CedarRecord, CedarValue, EntityUid } from '../cedar-input.ts'

/** `undefined` is an evaluation error: Cedar has no such value. */
export type Outcome = CedarValue | undefined

export function isSet(value: Outcome): value is readonly CedarValue[] {
  return Array.isArray(value)
}

export function isEntity(value: Outcome): value is { readonly __entity: EntityUid } {
  return typeof value === 'object' && !isSet(value) && Object.hasOwn(value, '__entity')
}

export function isRecord(value: Outcome): value is CedarRecord {
  return typeof value === 'object' && !isSet(value) && !Object.hasOwn(value, '__entity')
}

/** Values of different types are unequal, never an error. Sets have no order and no duplicates. */
export function equal(one: CedarValue, other: CedarValue): boolean {
  if (one === other) return true
  return typeof one === 'object' && typeof other === 'object' && sameShape(one, other)
}

function sameShape(one: CedarValue & object, other: CedarValue & object): boolean {
  if (isSet(one)) return isSet(other) && includesAll(one, other) && includesAll(other, one)
  if (isEntity(one)) return isEntity(other) && sameEntity(one.__entity, other.__entity)
  return isRecord(one) && isRecord(other) && sameRecord(one, other)
}

export function includes(set: readonly CedarValue[], value: CedarValue): boolean {
  if (typeof value !== 'object') return set.includes(value)
  for (const element of set) {
    if (equal(element, value)) return true
  }
  return false
}

export function includesAll(set: readonly CedarValue[], values: readonly CedarValue[]): boolean {
  if (set === values) return true
  for (const value of values) {
    if (!includes(set, value)) return false
  }
  return true
}

export function includesAny(set: readonly CedarValue[], values: readonly CedarValue[]): boolean {
  for (const value of values) {
    if (includes(set, value)) return true
  }
  return false
}

export function sameEntity(one: EntityUid, other: EntityUid): boolean {
  return one === other || (one.id === other.id && one.type === other.type)
}

function sameRecord(one: CedarRecord, other: CedarRecord): boolean {
  const names = Object.keys(one)
  if (names.length !== Object.keys(other).length) return false
  return names.every((name) => {
    const [a, b] = [one[name], Object.hasOwn(other, name) ? other[name] : undefined]
    return a !== undefined && b !== undefined && equal(a, b)
  })
}
