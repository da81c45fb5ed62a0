/**
 * The configuration of `gongdao serve`, read from one JSON text: all of it or nothing, and every fault at once, with its place
 * (RFC 6901) and what to write there instead. Members that nobody knows are faults: a misspelt limit would be no limit.
 */
import { z } from 'zod'
import { pointerTo, readJson } from '../../policies/documents/json-text.ts'
import type { GatewayConfig } from '../config.ts'
import { base } from './base.ts'
import { SECTIONS } from './sections.ts'

export interface ConfigFault {
  /** Empty: the text as a whole. */
  readonly pointer: string
  /** What is wrong, and what to write instead. */
  readonly words: string
}

export type ReadConfig =
  | { readonly kind: 'read'; readonly config: GatewayConfig }
  | { readonly kind: 'faulty'; readonly faults: readonly ConfigFault[] }

export const CONFIG = z.strictObject({ ...base, ...SECTIONS })

export function readConfig(text: string): ReadConfig {
  const json = readJson(text)
  if (json.kind === 'malformed') {
    const place = `line ${String(json.line)}, column ${String(json.column)}`
    return faulty([{ pointer: '', words: `not JSON: ${place}: expected ${json.expected}` }])
  }
  if (json.kind === 'repeated') {
    return faulty(json.pointers.map((pointer) => ({ pointer, words: 'stands twice; keep one' })))
  }
  const read = CONFIG.safeParse(json.value)
  if (!read.success) return faulty(read.error.issues.flatMap((one) => faultsOf(one, json.value)))
  const { addresses, ...others } = read.data
  return {
    kind: 'read',
    config: {
      ...others,
      instance: read.data.gateway.split('/')[0] ?? '',
      addresses: new Map(Object.entries(addresses) as [keyof typeof addresses, URL][]),
    },
  }
}

function faulty(faults: readonly ConfigFault[]): ReadConfig {
  return { kind: 'faulty', faults }
}

/** The part of a JSON Schema that tells what may stand at a place. */
export interface Place {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Place>>
  readonly additionalProperties?: Place | boolean
  readonly items?: Place
  readonly oneOf?: readonly Place[]
  readonly anyOf?: readonly Place[]
}

export const SHAPE = z.toJSONSchema(CONFIG, { io: 'input', unrepresentable: 'any' }) as Place

function faultsOf(issue: z.core.$ZodIssue, value: unknown): ConfigFault[] {
  const path = issue.path.map(String)
  const places = placesAt(path)
  if (issue.code === 'unrecognized_keys') {
    const known = places.flatMap(({ properties = {} }) => Object.keys(properties))
    const words = `is not known; known here: ${[...new Set(known)].join(', ')}`
    return issue.keys.map((key) => ({ pointer: pointerOf([...path, key]), words }))
  }
  const isMissing = issue.code === 'invalid_type' && valueAt(value, path) === undefined
  const told = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? '') : undefined
  const expected = told ?? places.find(({ description }) => description !== undefined)?.description
  return [
    {
      pointer: pointerOf(path),
      words: `${isMissing ? 'is missing' : 'is wrong'}; write: ${expected ?? issue.message}`,
    },
  ]
}

function pointerOf(path: readonly string[]): string {
  return path.reduce(pointerTo, '')
}

function placesAt(path: readonly string[]): readonly Place[] {
  return path.reduce<readonly Place[]>((places, name) => inner(places, name), choices(SHAPE))
}

function inner(places: readonly Place[], name: string): readonly Place[] {
  return places.flatMap(({ properties, additionalProperties, items }) => {
    const named = properties?.[name] ?? items ?? additionalProperties
    return typeof named === 'object' ? choices(named) : []
  })
}

function choices(place: Place): readonly Place[] {
  return [place, ...(place.oneOf ?? place.anyOf ?? []).flatMap(choices)]
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, name)
        ? (at as Record<string, unknown>)[name]
        : undefined,
    value,
  )
}
