/** The ledger that the tamper campaign does its worst to: a closed chain of several tiles, a running one, and what others hold of them. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { journalSource } from '../../../adapters/ledger-journal/chain-source.ts'
import { exportLedger } from '../../../adapters/ledger-tiles/export-ledger.ts'
import { verify } from '../../../gateway/console/verify.ts'
import type { Evidence } from '../../../gateway/console/evidence.ts'
import type { Pins } from '../../../gateway/console/pins.ts'
import type { Chain } from '../../../gateway/ledger/entry.ts'
import { Examiner } from '../../../gateway/ledger/examine.ts'
import { parsePinnedKeys } from '../../../gateway/ledger/pinned-keys.ts'
import { makeExtra } from '../../../gateway/ledger/receipt.ts'
import type { ChainSource } from '../../../gateway/ports/chain-source.ts'
import type { LogSigner } from '../../../gateway/ledger/signer.ts'
import { decisionEntry, outcomeEntry } from '../records.ts'
import {
  KEYS,
  REGISTRY,
  THEN,
  exchangeOrigin,
  openOn,
  put,
  putGenesis,
  putHeads,
  putInstance,
  putOpening,
} from '../small-ledger.ts'

export const CLOSED = exchangeOrigin(1)
export const RUNNING = exchangeOrigin(2)
export const INSTANCE = 'T'
const NOW = THEN + 1e6

export interface TamperLedger {
  readonly data: string
  readonly tiles: string
  /** Every file of both, by its path: what is restored after each trial. */
  readonly files: ReadonlyMap<string, Buffer>
  /** Receipts of some leaves of either chain. */
  readonly evidence: Evidence
  readonly pins: Pins
  remove(): void
}

export async function tamperLedger(): Promise<TamperLedger> {
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-tamper-'))
  const [data, tiles] = [join(folder, 'data'), join(folder, 'tiles')]
  const receipts = await write(data)
  const keys = parsePinnedKeys(KEYS)
  const source = journalSource({ data, instance: INSTANCE })
  await exportLedger({ source, keys, to: tiles })
  const { findings, pins } = await judge(source)
  if (findings[0] !== undefined) throw new Error(findings[0].sentence)
  const files = new Map(filesIn(folder).map((file) => [file, readFileSync(file)]))
  return {
    data,
    tiles,
    files,
    pins,
    evidence: { receipts: receipts.map((text, at) => ({ name: `receipt ${at}`, text })) },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

export function judge(
  source: ChainSource,
  also: { readonly evidence?: Evidence } = {},
): ReturnType<typeof verify> {
  const examiner = new Examiner()
  return verify({
    ...also,
    source,
    keys: parsePinnedKeys(KEYS),
    now: NOW,
    examine: (chunk, how) => examiner.examine(chunk, how),
  })
}

/** What an operator would rather have written, under whichever keys. */
export interface OtherStory {
  /** The exchange whose decision is another one. */
  readonly changed?: number
  /** Rounds of the running chain. */
  readonly rounds?: number
  /** Whoever signs in the gateway's place. */
  readonly signer?: LogSigner
}

/** Answers a receipt of each round. */
export async function write(data: string, story: OtherStory = {}): Promise<string[]> {
  const { chain: registry } = await openOn(data, REGISTRY)
  const own = story.signer === undefined ? {} : { signer: story.signer }
  await putInstance(registry)
  const { chain: first } = await openOn(data, CLOSED, { segmentBytes: 512 * 1024, ...own })
  await putOpening(first, await putGenesis(registry, 1), 1)
  await putHeads(first, registry.head())
  const receipts = await exchanges(first, { from: 0, rounds: 36, changed: story.changed })
  await put(first, 'seal', { at: THEN + 2000, v: 1 })
  const closed = first.head()
  await first.close()
  const { root, size } = closed
  await put(registry, 'closure', { at: THEN + 2001, chain: CLOSED, root, sealed: true, size, v: 1 })
  const { chain: second } = await openOn(data, RUNNING, own)
  await putOpening(second, await putGenesis(registry, 2, closed), 2002)
  await putHeads(second, registry.head())
  receipts.push(
    ...(await exchanges(second, { from: 500, rounds: story.rounds ?? 4, changed: story.changed })),
  )
  await second.close()
  await registry.close()
  return receipts
}

/** So many rounds of eight exchanges and a denial at once. */
async function exchanges(
  chain: Chain,
  { changed, from, rounds }: { from: number; rounds: number; changed: number | undefined },
): Promise<string[]> {
  const receipts: string[] = []
  for (let round = 0; round < rounds; round += 1) {
    const numbers = Array.from({ length: 8 }, (_, at) => from + round * 10 + at)
    const at = THEN + 10 * round
    const asked = numbers.map((number) =>
      chain.append(decisionEntry(number, number === changed ? at + 1 : at, 'permit')),
    )
    asked.push(chain.append(decisionEntry(from + round * 10 + 9, at, 'deny')))
    const recorded = await Promise.all(asked)
    await Promise.all(
      numbers.map((number, which) => {
        const intent = recorded[which]?.index ?? 0
        return chain.append(outcomeEntry({ number, at: at + 5, intent }))
      }),
    )
    const one = recorded[round % recorded.length]
    if (one !== undefined) {
      const extra = makeExtra({ leaf: one.leaf, recordText: '' }, 0)
      receipts.push(one.receipt(Buffer.from(extra)))
    }
  }
  return receipts
}

export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
