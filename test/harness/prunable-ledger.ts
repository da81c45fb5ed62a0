/** A ledger whose first chain has ended, and the second one too: some segments, a pair a day, time-stamped and archived, ready to be pruned. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { AnchorsFolder, anchorsFolder } from '../../adapters/checkpoints-folder/anchors-folder.ts'
import {
  stampChecker,
  timestampAuthority,
} from '../../adapters/timestamp-rfc3161/timestamp-authority.ts'
import { Anchoring } from '../../deploy/anchor-heads.ts'
import { openKeyStore } from '../../adapters/key-store-sqlite/key-store-sqlite.ts'
import { takeArchive } from '../../deploy/archive/take-archive.ts'
import type { PruneOptions } from '../../deploy/prune/prune.ts'
import { systemChance, systemClock } from '../../deploy/system.ts'
import { keepRoots } from '../../deploy/timestamp-roots.ts'
import type { Order } from '../../gateway/erasure/parts.ts'
import type { Chain, Entry, Head } from '../../gateway/ledger/entry.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { GatewayId, Instant } from '../../policies/vocabulary.ts'
import { appointOfficers, orderBy, PAIRS as PAIRS_OF } from '../erasure/officers.ts'
import { testKey } from './memory-ledger.ts'
import {
  GATEWAY,
  KEYS,
  REGISTRY,
  THEN,
  exchangeOrigin,
  gateway,
  openOn,
  put,
  putGenesis,
  putHeads,
  putInstance,
  putOpening,
  registrar,
} from './small-ledger.ts'
import { decisionEntry, outcomeEntry } from './records.ts'
import type { TestAuthority } from './timestamp-authority.ts'

export const DAY = 86_400_000
export const FIRST = exchangeOrigin(1)
export const PAIRS = 240
const END = THEN + PAIRS * DAY
/** When everything in it is over. */
export const LATER = THEN + (PAIRS + 400) * DAY
/** A day later: nothing is recorded in it before. */
const THEN_ON = LATER + DAY

export interface Prunable {
  readonly data: string
  readonly archive: string
  /** As of the first chain, before anything was pruned. */
  readonly root: string
  readonly size: number
  readonly options: PruneOptions
}

export interface Making {
  /** Of this kind of ledger. */
  readonly name?: string
  readonly stamped?: boolean
  /** Registry leaves in front of the second chain. */
  readonly inRegistry?: (registry: Chain) => Promise<unknown>
}

const templates = new Map<string, Promise<Prunable>>()

/** Made once of each kind, and copied. */
export async function makePrunable(
  authority: TestAuthority,
  making: Making = {},
): Promise<Prunable> {
  const kind = making.name ?? 'plain'
  if (!templates.has(kind)) templates.set(kind, makeTemplate(authority, making))
  const template = await templates.get(kind)!
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-prune-'))
  cpSync(dirname(template.data), folder, { recursive: true })
  const its = { data: join(folder, 'data'), archive: join(folder, 'archive'), keys: KEYS }
  return { ...template, ...its, options: optionsFor(its) }
}

export async function removeTemplates(): Promise<void> {
  for (const template of templates.values())
    rmSync(dirname((await template).data), { recursive: true })
}

async function makeTemplate(authority: TestAuthority, making: Making): Promise<Prunable> {
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-prunable-'))
  const data = join(folder, 'data')
  const archive = join(folder, 'archive')
  const keys = KEYS
  const { chain: registry } = await openOn(data, REGISTRY)
  writeFileSync(join(data, 'ledger/keys.txt'), `${keys}\n`)
  putKeys(join(data, 'keys'))
  appointOfficers(data)
  await putInstance(registry)
  const before = await firstChain(data, registry)
  const { root, size } = before
  await making.inRegistry?.(registry)
  const second = await openOn(data, exchangeOrigin(2))
  await putOpening(second.chain, await putGenesis(registry, 2, before), 400)
  const unknown = { number: 901, at: END + 9000, intent: size - 1, outcome: 'unknown' } as const
  await second.chain.append(outcomeEntry({ ...unknown, intentChain: FIRST }))
  await put(second.chain, 'seal', { at: END + 9001, v: 1 })
  if (making.stamped !== false) await stamp(data, registry, second.chain, authority)
  const end = second.chain.head()
  await second.chain.close()
  const { origin, ...ended } = end
  const its = { root: ended.root, sealed: true, size: ended.size, v: 1 }
  await put(registry, 'closure', { at: THEN_ON, chain: origin, ...its })
  // It was opened, and nothing more: when everything is over.
  await put(registry, 'genesis', {
    at: THEN_ON,
    chain: exchangeOrigin(3),
    gateway: GATEWAY,
    key: vkeyText(exchangeOrigin(3), gateway.publicKey),
    n: 3,
    predecessor: { chain: origin, root: ended.root, size: ended.size },
    v: 1,
  })
  await registry.close()
  const now = Instant.ofMilliseconds(THEN_ON)
  await takeArchive({ data, to: archive, keys, signer: registrar, now })
  return { data, archive, root, size, options: optionsFor({ data, archive, keys }) }
}

/** Its last intent is open when it ends. */
async function firstChain(data: string, registry: Chain): Promise<Head> {
  const { chain } = await openOn(data, FIRST)
  await putOpening(chain, await putGenesis(registry, 1), 1)
  await putHeads(chain, registry.head())
  for (let from = 0; from < PAIRS; from += 20) {
    const entries = Array.from({ length: 20 }, (_, at) => pair(from + at)).flat()
    await Promise.all(entries.map((entry) => chain.append(entry)))
  }
  await chain.append(decisionEntry(900, END, 'deny'))
  await chain.append(decisionEntry(901, END + 1, 'permit'))
  const head = chain.head()
  await chain.close()
  const { origin, root, size } = head
  await put(registry, 'closure', { at: THEN + 300, chain: origin, root, sealed: false, size, v: 1 })
  return head
}

/** Behind opening and heads. */
function pair(number: number): Entry[] {
  const at = THEN + number * DAY
  const intent = 2 + 2 * number
  return [decisionEntry(number, at, 'permit'), outcomeEntry({ number, at: at + 5, intent })]
}

async function stamp(
  data: string,
  registry: Chain,
  chain: Chain,
  authority: TestAuthority,
): Promise<void> {
  const at = THEN + 5000
  authority.time = at
  const clock = { now: () => Instant.ofMilliseconds(at) }
  const rules = { roots: [authority.root], timeoutMs: 5000, toleranceMs: 5000 }
  keepRoots(data, rules.roots)
  const folder = await AnchorsFolder.open(anchorsFolder(join(data, 'ledger')))
  const anchoring = await Anchoring.open({
    authority: timestampAuthority({ ...rules, url: authority.url, clock, chance: systemChance() }),
    check: stampChecker(rules),
    folder,
    registry: { chain: registry, view: new RegistryView(), sha256: documentCrypto.sha256 },
    gateway: GatewayId.parse(GATEWAY),
    heads: () => [registry.head(), chain.head()],
    clock,
    everyMs: 1,
    renewBeforeMs: 1,
    report: (sentence) => {
      throw new Error(sentence)
    },
  })
  await anchoring.look()
  await folder.close()
}

function putKeys(folder: string): void {
  mkdirSync(folder)
  const pem = testKey(1).export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(join(folder, 'registrar-log.key'), pem, { mode: 0o600 })
  const file = join(folder, 'keys.sqlite')
  openKeyStore({ file, expect: 'may-be-new', chance: systemChance(), clock: systemClock() }).close()
}

/** Signed by two officers. */
export function orderTo(
  before = LATER,
  keepDays = 100,
  officers: readonly string[] = PAIRS_OF.prune,
): Order {
  const what = { act: 'prune', instance: 'T', keepDays } as const
  return orderBy(
    officers,
    { ...what, before: Instant.ofMilliseconds(before) },
    Instant.ofMilliseconds(THEN_ON),
  )
}

function optionsFor(its: { data: string; archive: string; keys: string }): PruneOptions {
  return {
    ...its,
    order: orderTo(),
    now: THEN_ON,
  }
}
