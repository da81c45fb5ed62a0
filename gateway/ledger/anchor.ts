/**
 * What is time-stamped once a minute: one text over the heads of all chains that are open, in RFC 8785. A chain that has ended needs no
 * place in it: its closure is a leaf of the registry, whose head is there.
 *
 * Each aggregate names the token before it, so that one stamp speaks for all earlier ones: when the certificate of an earlier stamp
 * expires, the later stamp shows that the earlier one was there while it was good (RFC 4998 §5.2, time-stamp renewal).
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Digest } from '../../policies/vocabulary.ts'
import type { Head } from './entry.ts'
import { digestOf } from './hash.ts'
import { strictBase64 } from './tlog-proof.ts'

export interface Aggregate {
  /** Sorted by origin. */
  readonly heads: readonly Head[]
  /** From 1, without gaps. */
  readonly number: number
  /** SHA-256 of the token before; absent in the first. */
  readonly previous?: Digest
  readonly v: 1
}

export interface Anchor {
  readonly aggregate: Aggregate
  /** DER of the time-stamp token over `aggregateText`. */
  readonly token: Uint8Array
}

export function aggregateOf(
  heads: readonly Head[],
  before: { readonly number: number; readonly stamp: Digest } | undefined,
): Aggregate {
  const sorted = heads.map(({ origin, root, size }) => ({ origin, root, size }))
  return {
    heads: sorted.sort((left, right) => (left.origin < right.origin ? -1 : 1)),
    number: (before?.number ?? 0) + 1,
    ...(before && { previous: before.stamp }),
    v: 1,
  }
}

/** What the stamp is over. */
export function aggregateText(aggregate: Aggregate): string {
  return canonicalJson({ ...aggregate, heads: aggregate.heads.map((head) => ({ ...head })) })
}

export function stampDigest({ token }: Anchor): Digest {
  return digestOf(token)
}

/** One line of the folder that keeps them: RFC 8785 of `{aggregate, token}`. */
export function anchorLine({ aggregate, token }: Anchor): string {
  const base64 = Buffer.from(token).toString('base64')
  return `{"aggregate":${aggregateText(aggregate)},"token":"${base64}"}`
}

/** Undefined unless it is such a line; attacker-controlled. */
export function parseAnchor(line: string): Anchor | undefined {
  const value = parsed(line)
  if (!hasMembers(value, ['aggregate', 'token']) || typeof value['token'] !== 'string')
    return undefined
  const token = strictBase64(value['token'])
  if (token === undefined || !isAggregate(value['aggregate'])) return undefined
  const anchor = { aggregate: value['aggregate'], token }
  return anchorLine(anchor) === line ? anchor : undefined
}

function isAggregate(value: unknown): value is Aggregate {
  if (!hasMembers(value, ['heads', 'number', 'v'])) return false
  const { heads, number, previous, v } = value
  const isFirst = number === 1 && previous === undefined
  const isLater = isCount(number) && number > 1 && isDigest(previous)
  return v === 1 && (isFirst || isLater) && Array.isArray(heads) && heads.every(isHead)
}

function isHead(value: unknown): value is Head {
  if (!hasMembers(value, ['origin', 'root', 'size'])) return false
  return typeof value['origin'] === 'string' && isDigest(value['root']) && isCount(value['size'])
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value)
}

function hasMembers(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && names.every((name) => name in value)
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
