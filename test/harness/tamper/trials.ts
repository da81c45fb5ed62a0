/** Runs trials: one attack each, on an untouched ledger, judged by what verify says of it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { journalSource } from '../../../adapters/ledger-journal/chain-source.ts'
import { tilesSource } from '../../../adapters/ledger-tiles/chain-source.ts'
import { headsOfPins } from '../../../gateway/console/pins.ts'
import type { Finding } from '../../../gateway/ledger/finding.ts'
import type { ChainSource } from '../../../gateway/ports/chain-source.ts'
import { Chance } from '../../exchange/json-documents.ts'
import type { Attack, Tampering, Truth } from './attack.ts'
import { JOURNAL_ATTACKS } from './journal-attacks.ts'
import { INSTANCE, judge, tamperLedger } from './ledger.ts'
import type { TamperLedger } from './ledger.ts'
import { makeRewrites, rewriteAttacks } from './rewrites.ts'
import { messagePairs } from './message-pairs.ts'
import { MESSAGE_ATTACKS } from './messages.ts'
import { TILES_ATTACKS } from './tiles-attacks.ts'

export interface Row {
  readonly name: string
  trials: number
  detected: number
  located: number
  /** Whether the copy has what it takes to locate. */
  readonly canLocate: boolean
}

export interface Missed {
  readonly name: string
  readonly seed: number
  readonly truth: Truth
  readonly findings: readonly Finding[]
}

export interface Campaign {
  readonly rows: readonly Row[]
  /** Not detected, or not located where that is possible. */
  readonly missed: readonly Missed[]
}

export interface CampaignOptions {
  readonly trials: number
  readonly seed: number
  readonly onProgress?: (done: number) => void
}

export async function tamperCampaign({
  onProgress,
  seed,
  trials,
}: CampaignOptions): Promise<Campaign> {
  const ledger = await tamperLedger()
  const rewrites = await makeRewrites()
  const attacks = [
    ...JOURNAL_ATTACKS,
    ...MESSAGE_ATTACKS,
    ...messagePairs(rewrites.forked),
    ...TILES_ATTACKS,
    ...rewriteAttacks(rewrites),
  ]
  const rows = new Map(
    attacks.map(({ name, within }): [string, Row] => [
      name,
      { name, trials: 0, detected: 0, located: 0, canLocate: within !== Infinity },
    ]),
  )
  const deck = dealt(attacks)
  const missed: Missed[] = []
  try {
    for (let done = 0; done < trials; done += 1) {
      const attack = deck[done % deck.length]
      const row = rows.get(attack?.name ?? '')
      if (attack === undefined || row === undefined) throw new RangeError('no attack')
      const fault = await trial(ledger, { attack, row, seed: seed + done })
      if (fault !== undefined) missed.push(fault)
      onProgress?.(done + 1)
    }
  } finally {
    ledger.remove()
  }
  return { rows: [...rows.values()], missed }
}

/** Each attack as often as its share; every one once before any comes again. */
function dealt(attacks: readonly Attack[]): readonly Attack[] {
  const most = Math.max(...attacks.map(({ share }) => share))
  return Array.from({ length: most }, (_, round) =>
    attacks.filter(({ share }) => share > round),
  ).flat()
}

async function trial(
  ledger: TamperLedger,
  { attack, row, seed }: { readonly attack: Attack; readonly row: Row; readonly seed: number },
): Promise<Missed | undefined> {
  const tampering = draw(ledger, attack, seed)
  apply(tampering.changes)
  try {
    const { findings } = await judge(
      tampering.source ?? sourceOf(ledger, attack),
      attack.needsEvidence === true ? withEvidence(ledger) : {},
    )
    const isLocated = isSaid(findings, tampering) && isThere(findings, tampering, attack)
    row.trials += 1
    if (findings.length > 0) row.detected += 1
    if (isLocated) row.located += 1
    const isGood = findings.length > 0 && (isLocated || !row.canLocate)
    return isGood ? undefined : { name: attack.name, seed, truth: tampering.truth, findings }
  } finally {
    const whole = [...tampering.changes.keys()].map(
      (file) => [file, ledger.files.get(file)] as const,
    )
    apply(new Map(whole))
  }
}

function isSaid(findings: readonly Finding[], { says }: Tampering): boolean {
  return says?.(new Set(findings.map(({ kind }) => kind))) ?? true
}

function isThere(findings: readonly Finding[], { truth }: Tampering, { within }: Attack): boolean {
  return findings.some((finding) => locates(finding, truth, within))
}

/** Another draw where one would have changed nothing. */
function draw(ledger: TamperLedger, attack: Attack, seed: number): Tampering {
  const random = new Chance(seed * 7919)
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const tampering = attack.make(ledger, random)
    if (tampering !== undefined && isChange(ledger, tampering)) return tampering
  }
  throw new Error(`${attack.name} never changes anything`)
}

function isChange({ files }: TamperLedger, { changes, source }: Tampering): boolean {
  if (source !== undefined) return true
  return [...changes].some(
    ([file, bytes]) => bytes === undefined || files.get(file)?.equals(bytes) !== true,
  )
}

function apply(changes: Tampering['changes']): void {
  for (const [file, bytes] of changes) {
    if (bytes === undefined) rmSync(file, { force: true })
    else {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, bytes)
    }
  }
}

function sourceOf({ data, tiles }: TamperLedger, { over }: Attack): ChainSource {
  if (over === 'tiles') return tilesSource({ folder: tiles, instance: INSTANCE })
  return journalSource({ data, instance: INSTANCE, settle: () => Promise.resolve() })
}

function withEvidence({ evidence, pins }: TamperLedger): Parameters<typeof judge>[1] {
  return { evidence: { ...evidence, stamped: headsOfPins(pins) } }
}

/**
 * Names the first leaf that was struck (L5), or a leaf that was, in a range no wider than what was struck or than the copy allows; or the
 * chain, where a file of its own was.
 */
function locates({ chain, first, last = first }: Finding, truth: Truth, within: number): boolean {
  if (truth.chain !== '' && chain !== truth.chain) return false
  if (truth.last === Infinity) return true
  if (first === undefined || last === undefined) return false
  const isThere = first <= truth.last && last >= truth.first
  const isNarrow = last - first <= truth.last - truth.first + within
  return first === truth.first || (isThere && isNarrow)
}
