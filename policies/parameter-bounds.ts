/**
 * How far the parameters of a request may reach: persons (whose data) and matter (what about them). What an agreement
 * does not bound it does not allow, and what it restricts must be in the request: left out, a provider would answer
 * with everything. A text can be allowed, not restricted: the decision must be made again from a log that does not hold it. One that every
 * request has to its endpoint is allowed with the endpoint.
 */
import type { ParameterBound } from './agreement.ts'
import type { Question } from './question.ts'
import type { ParameterRegistration } from './service.ts'
import type { Instant } from './vocabulary.ts'

export interface EndpointBounds {
  readonly bounds: readonly ParameterBound[]
  readonly names: ReadonlySet<string>
}

export interface BrokenBounds {
  readonly persons: readonly string[]
  readonly matter: readonly string[]
}

const NONE: BrokenBounds = { persons: [], matter: [] }

/** Those bounds of an agreement that concern one endpoint. */
export function boundsAt(
  bounds: readonly ParameterBound[],
  parameters: readonly ParameterRegistration[],
): EndpointBounds {
  const registered = new Set(parameters.map(({ name }) => name))
  const here = bounds.filter(({ name }) => registered.has(name))
  return { bounds: here, names: new Set(here.map(({ name }) => name)) }
}

/** The names of the parameters that go beyond, sorted. */
export function brokenBounds(
  { bounds, names }: EndpointBounds,
  parameters: Question['parameters'],
  at: Instant,
): BrokenBounds {
  const broken = bounds.filter((bound) => !holds(bound, valuesOf(bound.name, parameters), at))
  const unbounded = Object.keys(parameters).filter((name) => !names.has(name))
  if (broken.length === 0 && unbounded.length === 0) return NONE
  const persons = broken.filter(({ scope }) => scope === 'persons').map(({ name }) => name)
  const matter = broken.filter(({ scope }) => scope === 'matter').map(({ name }) => name)
  return { persons: persons.toSorted(), matter: [...matter, ...unbounded].toSorted() }
}

function valuesOf(name: string, parameters: Question['parameters']): readonly string[] | undefined {
  return Object.hasOwn(parameters, name) ? parameters[name] : undefined
}

function holds(bound: ParameterBound, values: readonly string[] | undefined, at: Instant): boolean {
  if (values === undefined || values.length === 0) return !restricts(bound)
  if (values.length > bound.maxValues) return false
  return values.every((value) => allows(bound, value, at))
}

function restricts({ oneOf, range, latestTaxYear }: ParameterBound): boolean {
  return oneOf !== undefined || range !== undefined || latestTaxYear !== undefined
}

function allows(
  { oneOf, range, latestTaxYear }: ParameterBound,
  value: string,
  at: Instant,
): boolean {
  if (oneOf !== undefined && !oneOf.includes(value)) return false
  if (range !== undefined && !isWithin(range, value)) return false
  return (
    latestTaxYear === undefined || value === String(newestTaxYear(latestTaxYear.publishedOn, at))
  )
}

function isWithin({ least, most }: { least: number; most: number }, value: string): boolean {
  if (!/^(0|-?[1-9]\d{0,15})$/.test(value)) return false
  const number = Number(value)
  return least <= number && number <= most
}

const TAIPEI_AHEAD_MS = 8 * 60 * 60 * 1000
const ROC_YEAR_0 = 1911

/**
 * ROC year of the newest tax year whose data exists: that of year Y is published on `MM-DD` of Y + 1, Asia/Taipei
 * (UTC+8 all year since 1980).
 */
export function newestTaxYear(publishedOn: string, at: Instant): number {
  const taipei = new Date(at + TAIPEI_AHEAD_MS)
  const monthDay = taipei.toISOString().slice(5, 10)
  const published = monthDay >= publishedOn
  return taipei.getUTCFullYear() - (published ? 1 : 2) - ROC_YEAR_0
}
