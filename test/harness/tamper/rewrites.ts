/** Whole histories written anew: without the key, with it, and an older one put back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { journalSource } from '../../../adapters/ledger-journal/chain-source.ts'
import { exportLedger } from '../../../adapters/ledger-tiles/export-ledger.ts'
import { parsePinnedKeys } from '../../../gateway/ledger/pinned-keys.ts'
import { vkeyText } from '../../../gateway/ledger/note.ts'
import { testSigner } from '../memory-ledger.ts'
import { GATEWAY, KEYS, REGISTRY, registrar } from '../small-ledger.ts'
import type { Attack, Tampering, Truth } from './attack.ts'
import { CLOSED, INSTANCE, RUNNING, filesIn, write } from './ledger.ts'
import type { OtherStory, TamperLedger } from './ledger.ts'
import { lanesOf, type Lanes } from './messages.ts'

const STRANGER = testSigner(9)
const STRANGERS = [
  vkeyText(REGISTRY, registrar.publicKey),
  vkeyText(`T/exchange/${GATEWAY}`, STRANGER.publicKey),
].join('\n')

interface Rewritten {
  /** By path below the data folder or the export, of either. */
  readonly data: ReadonlyMap<string, Buffer>
  readonly tiles: ReadonlyMap<string, Buffer>
  readonly truth: Truth
}

/** Made once: writing a ledger takes longer than many trials. */
export interface Rewrites {
  readonly withoutKey: readonly Rewritten[]
  readonly resigned: readonly Rewritten[]
  readonly rolledBack: readonly Rewritten[]
  /** With the key, as Kafka would hold it. */
  readonly forked: Lanes
}

/** Where the decisions of some exchanges stand: 17 leaves a round, behind opening and heads. */
const CHANGED: readonly (readonly [number, Truth])[] = [
  [3, at(CLOSED, 5)],
  [121, at(CLOSED, 2 + 12 * 17 + 1)],
  [350, at(CLOSED, 2 + 35 * 17)],
  [510, at(RUNNING, 2 + 17)],
  [537, at(RUNNING, 2 + 3 * 17 + 7)],
]

function at(chain: string, index: number): Truth {
  return { chain, first: index, last: index }
}

export async function makeRewrites(): Promise<Rewrites> {
  const withoutKey: Rewritten[] = []
  const resigned: Rewritten[] = []
  const rolledBack: Rewritten[] = []
  for (const [exchange, truth] of CHANGED) {
    withoutKey.push(await rewritten({ changed: exchange, signer: STRANGER }, truth))
    resigned.push(await rewritten({ changed: exchange }, truth))
  }
  for (const rounds of [0, 1, 3]) {
    const first = 2 + rounds * 17
    rolledBack.push(await rewritten({ rounds }, { chain: RUNNING, first, last: 2 + 4 * 17 - 1 }))
  }
  return { withoutKey, resigned, rolledBack, forked: await forked() }
}

async function forked(): Promise<Lanes> {
  const data = mkdtempSync(join(tmpdir(), 'gongdao-forked-'))
  await write(data, { changed: 121 })
  const files = new Map(filesIn(data).map((file) => [file, readFileSync(file)]))
  rmSync(data, { recursive: true })
  return lanesOf({ data, files })
}

async function rewritten(story: OtherStory, truth: Truth): Promise<Rewritten> {
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-rewrite-'))
  const [data, tiles] = [join(folder, 'data'), join(folder, 'tiles')]
  await write(data, story)
  const keys = parsePinnedKeys(story.signer === undefined ? KEYS : STRANGERS)
  await exportLedger({ source: journalSource({ data, instance: INSTANCE }), keys, to: tiles })
  const read = (below: string): Map<string, Buffer> =>
    new Map(filesIn(below).map((file) => [relative(below, file), readFileSync(file)]))
  const made = { data: read(data), tiles: read(tiles), truth }
  rmSync(folder, { recursive: true })
  return made
}

export function rewriteAttacks(rewrites: Rewrites): readonly Attack[] {
  return (['journal', 'tiles'] as const).flatMap((over) => [
    // Without evidence from outside, nothing but the signatures tells, and no leaf can be named.
    rewrite(over, 'rebuild everything without the key', {
      share: 2,
      within: Infinity,
      of: rewrites.withoutKey,
    }),
    rewrite(over, 'rebuild without the key, against receipts', {
      share: 2,
      within: 17,
      of: rewrites.withoutKey,
      needsEvidence: true,
    }),
    rewrite(over, 're-sign everything', {
      share: 4,
      within: 17,
      of: rewrites.resigned,
      needsEvidence: true,
    }),
    rewrite(over, 'roll back', {
      share: 3,
      within: 0,
      of: rewrites.rolledBack,
      needsEvidence: true,
    }),
  ])
}

function rewrite(
  over: 'journal' | 'tiles',
  name: string,
  {
    of,
    ...its
  }: Pick<Attack, 'share' | 'within' | 'needsEvidence'> & { readonly of: readonly Rewritten[] },
): Attack {
  return {
    ...its,
    name: `${over}: ${name}`,
    over,
    make: (ledger, random) => replaced(ledger, over, random.oneOf(of)),
  }
}

/** Every file of the copy is the other story's. */
function replaced(ledger: TamperLedger, over: 'journal' | 'tiles', story: Rewritten): Tampering {
  const [folder, files] = over === 'tiles' ? [ledger.tiles, story.tiles] : [ledger.data, story.data]
  const changes = new Map<string, Buffer | undefined>()
  for (const file of ledger.files.keys()) if (file.startsWith(folder)) changes.set(file, undefined)
  for (const [file, bytes] of files) changes.set(join(folder, file), bytes)
  return { changes, truth: story.truth }
}
