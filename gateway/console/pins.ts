/**
 * How far a verification came, kept by the verifier: what it need not read again, and what the ledger must contain from then on.
 * One JSON file, nobody's but the auditor's own.
 */
import { digestOfTreeHash, treeHashOfBase64 } from '../ledger/hash.ts'
import type { ChainState } from '../ledger/check-chain.ts'
import type { KnownHead } from '../ledger/head-list.ts'
import type { KnownOfChain } from '../ledger/known-heads.ts'
import type { OpenIntent } from '../ledger/pairing.ts'
import { rootOf } from '../ledger/tree.ts'
import type { Edge } from '../ledger/tree.ts'

export interface Pins {
  /** By origin. */
  readonly chains: ReadonlyMap<string, Pin>
}

export interface Pin {
  readonly state: ChainState
  /** Intents that had no outcome yet. */
  readonly open: readonly PinnedIntent[]
}

type PinnedIntent = Omit<OpenIntent, 'chain'>

export function pinsOf(states: ReadonlyMap<string, ChainState>, open: readonly OpenIntent[]): Pins {
  const ofChain = (origin: string): PinnedIntent[] =>
    open
      .filter(({ chain }) => chain === origin)
      .map(({ deadline, exchange, index }) => ({ deadline, exchange, index }))
  const pins = [...states].map(
    ([origin, state]) => [origin, { state, open: ofChain(origin) }] as const,
  )
  return { chains: new Map(pins) }
}

export function headsOfPins(pins: Pins | undefined): KnownHead[] {
  return [...(pins?.chains ?? [])]
    .filter(([, { state }]) => state.edge.size > 0)
    .map(([origin, { state }]) => ({
      origin,
      size: state.edge.size,
      root: rootOf(state.edge),
      by: 'the pin of an earlier verification',
    }))
}

/** Leaves that a verification will come to, by what is known of each chain: of the registry every leaf is read each time. */
export function leavesAhead(
  known: ReadonlyMap<string, Pick<KnownOfChain, 'size'>>,
  since: Pins | undefined,
  registry: string,
): number {
  let leaves = 0
  for (const [origin, { size }] of known) {
    const from = origin === registry ? 0 : (since?.chains.get(origin)?.state.edge.size ?? 0)
    leaves += Math.max(0, size - from)
  }
  return leaves
}

interface PinJson {
  readonly size: number
  /** Base64url, for people to compare. */
  readonly root: string
  /** Roots of the perfect subtrees that the size is made of, base64, the smallest first; null where there is none. */
  readonly peaks: readonly (string | null)[]
  readonly sealed: boolean
  readonly latest: number
  readonly open: readonly PinnedIntent[]
}

export function pinsText({ chains }: Pins): string {
  const entries = [...chains].map(([origin, { open, state }]): [string, PinJson] => {
    const { edge, latest, sealed } = state
    const peaks = edge.peaks.map((peak) =>
      peak === undefined ? null : Buffer.from(peak, 'latin1').toString('base64'),
    )
    const root = digestOfTreeHash(rootOf(edge))
    return [origin, { size: edge.size, root, peaks, sealed, latest, open }]
  })
  return `${JSON.stringify({ v: 1, chains: Object.fromEntries(entries) }, undefined, 1)}\n`
}

/** Throws RangeError where the text is not what `pinsText` made. */
export function parsePins(text: string): Pins {
  try {
    const { chains, v } = JSON.parse(text) as { chains: Record<string, PinJson>; v: unknown }
    if (v !== 1) throw new RangeError('another version')
    return { chains: new Map(Object.entries(chains).map(([origin, pin]) => [origin, pinOf(pin)])) }
  } catch (cause) {
    throw new RangeError('the pin is not a file that gongdao verify --since wrote', { cause })
  }
}

function pinOf({ latest, open, peaks, root, sealed, size }: PinJson): Pin {
  const edge: Edge = { size, peaks: peaks.map(peakOf) }
  if (digestOfTreeHash(rootOf(edge)) !== root) throw new RangeError('its peaks are not of its root')
  return { state: { edge, sealed, latest }, open: [...open] }
}

function peakOf(text: string | null): string | undefined {
  if (text === null) return undefined
  const peak = treeHashOfBase64(text)
  if (peak === undefined) throw new RangeError('not a hash')
  return peak
}
