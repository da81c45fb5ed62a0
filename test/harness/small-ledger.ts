/** A whole ledger in a data folder, made by the real parts: a registry, a chain that crashed, and its successor. */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Json } from '../../policies/canonical-json.ts'
import { nodeDisk } from '../../adapters/ledger-journal/disk.ts'
import type { Disk } from '../../adapters/ledger-journal/disk.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { openJournal } from '../../adapters/ledger-journal/open.ts'
import type { OpenedJournal } from '../../adapters/ledger-journal/open.ts'
import { openChain } from '../../gateway/ledger/chain.ts'
import type { ChainOptions } from '../../gateway/ledger/chain.ts'
import type { Chain, Head, LeafKind, Recorded } from '../../gateway/ledger/entry.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import type { LogSigner } from '../../gateway/ledger/signer.ts'
import { testSigner } from './memory-ledger.ts'
import { decisionEntry, outcomeEntry } from './records.ts'

export const REGISTRY = 'T/registry'
export const GATEWAY = 'T/GOV/A300000014/gw1'
export const registrar = testSigner(1)
export const gateway = testSigner(2)
export const SEGMENT = 256 * 1024
/** When everything in it happened. */
export const THEN = Date.UTC(2026, 10, 22)

export const KEYS = [
  vkeyText(REGISTRY, registrar.publicKey),
  vkeyText(`T/exchange/${GATEWAY}`, gateway.publicKey),
].join('\n')

export function exchangeOrigin(n: number): string {
  return `T/exchange/${GATEWAY}/${n}`
}

export interface OpenedChain {
  readonly chain: Chain
  readonly journal: OpenedJournal
}

export async function openOn(
  data: string,
  origin: string,
  options: Partial<ChainOptions> & { readonly disk?: Disk; readonly segmentBytes?: number } = {},
): Promise<OpenedChain> {
  const isRegistry = origin === REGISTRY
  const signer: LogSigner = options.signer ?? (isRegistry ? registrar : gateway)
  const journal = await openJournal({
    folder: chainFolder(data, origin),
    origin,
    signer,
    twoPhase: isRegistry,
    segmentBytes: options.segmentBytes ?? SEGMENT,
    disk: options.disk ?? nodeDisk,
  })
  const { archive, edge, storage } = journal
  const chain = openChain({
    onFatal: () => undefined,
    onDurable: archive.keep,
    ...options,
    origin,
    signer,
    storage,
    edge,
    twoPhase: isRegistry,
  })
  return { chain, journal }
}

export function put(chain: Chain, kind: LeafKind, record: Json): Promise<Recorded> {
  return chain.append({ kind, record: canonicalJson(record) })
}

export async function putInstance(registry: Chain): Promise<void> {
  await put(registry, 'instance', {
    at: THEN,
    ca: { issuing: 'PEM', root: 'PEM' },
    instance: 'T',
    registrar: vkeyText(REGISTRY, registrar.publicKey),
    v: 1,
  })
}

export async function putGenesis(registry: Chain, n: number, before?: Head): Promise<number> {
  const chain = exchangeOrigin(n)
  const predecessor = before && { chain: before.origin, root: before.root, size: before.size }
  const { index } = await put(registry, 'genesis', {
    at: THEN + n,
    chain,
    gateway: GATEWAY,
    key: vkeyText(chain, gateway.publicKey),
    n,
    predecessor,
    v: 1,
  })
  return index
}

export async function putOpening(chain: Chain, genesis: number, n: number): Promise<void> {
  await put(chain, 'opening', { at: THEN + n, chain: chain.origin, genesis, v: 1 })
}

export async function putHeads(chain: Chain, { root, size }: Head): Promise<void> {
  await put(chain, 'heads', { registry: { root, size }, revocations: 1, v: 1 })
}

/** An intent and its outcome. */
export async function exchange(chain: Chain, number: number, at = THEN + 100): Promise<Recorded> {
  const { index } = await chain.append(decisionEntry(number, at, 'permit'))
  return chain.append(outcomeEntry({ number, at: at + 5, intent: index }))
}

/** Registry of four leaves; chain 1 ends with an open intent; chain 2 says what became of it, and is sealed. */
export async function smallLedger(data: string, pairs = 6): Promise<void> {
  const { chain: registry } = await openOn(data, REGISTRY)
  await putInstance(registry)
  const first = await openOn(data, exchangeOrigin(1))
  await putOpening(first.chain, await putGenesis(registry, 1), 1)
  await putHeads(first.chain, registry.head())
  await Promise.all(Array.from({ length: pairs }, (_, number) => exchange(first.chain, number)))
  await first.chain.append(decisionEntry(900, THEN + 200, 'deny'))
  const open = await first.chain.append(decisionEntry(901, THEN + 201, 'permit'))
  const closed = first.chain.head()
  await first.chain.close()
  const { root, size } = closed
  const closure = { at: THEN + 300, chain: closed.origin, root, sealed: false, size, v: 1 }
  await put(registry, 'closure', closure)
  const second = await openOn(data, exchangeOrigin(2))
  await putOpening(second.chain, await putGenesis(registry, 2, closed), 400)
  const unknown = { number: 901, at: THEN + 9000, intent: open.index, outcome: 'unknown' } as const
  await second.chain.append(outcomeEntry({ ...unknown, intentChain: closed.origin }))
  await put(second.chain, 'seal', { at: THEN + 9001, v: 1 })
  await second.chain.close()
  await registry.close()
}
