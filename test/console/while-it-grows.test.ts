/** Copies that lag, and ledgers that grow while they are verified: nobody is accused by them, and nobody hides behind them. */
import { afterAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { journalSource } from '../../adapters/ledger-journal/chain-source.ts'
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { tilesSource } from '../../adapters/ledger-tiles/chain-source.ts'
import { exportLedger } from '../../adapters/ledger-tiles/export-ledger.ts'
import { overdue } from '../../gateway/console/open-intents.ts'
import { verify, type VerifyParts } from '../../gateway/console/verify.ts'
import type { ChainState } from '../../gateway/ledger/check-chain.ts'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import type { Chain, Recorded } from '../../gateway/ledger/entry.ts'
import { Examiner } from '../../gateway/ledger/examine.ts'
import { digestOf, leafHashOf } from '../../gateway/ledger/hash.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { GenesisRecord } from '../../gateway/ledger/registry-events.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import type { ChainSource } from '../../gateway/ports/chain-source.ts'
import { encodeCommit } from '../../gateway/replication/message.ts'
import { decisionEntry, exchangeId, outcomeEntry } from '../harness/records.ts'
import {
  exchange,
  exchangeOrigin,
  gateway,
  KEYS,
  openOn,
  put,
  putGenesis,
  putHeads,
  putInstance,
  putOpening,
  REGISTRY,
  smallLedger,
  THEN,
} from '../harness/small-ledger.ts'
import { sourceOfLanes, type Lanes, type Sent } from '../harness/tamper/messages.ts'

const [ONE, TWO] = [exchangeOrigin(1), exchangeOrigin(2)]
const keys = parsePinnedKeys(KEYS)
const folders = mkdtempSync(join(tmpdir(), 'gongdao-grows-'))

afterAll(() => {
  rmSync(folders, { recursive: true })
})

function folder(): string {
  return mkdtempSync(join(folders, 'data-'))
}

function commits(data: string, origin: string): Commit[] {
  const reader = new CommitReader({ folder: chainFolder(data, origin), origin })
  return [...reader.read(0, 1_000_000, 100_000_000)]
}

function sent(data: string, origin: string): Sent[] {
  return commits(data, origin).map((commit) => {
    const last = commit.first + commit.count - 1
    const truth = { chain: origin, first: commit.first, last }
    return { key: origin, value: encodeCommit(commit), truth }
  })
}

function lanes(data: string): { registry: Sent[]; exchange: Sent[] } {
  return { registry: sent(data, REGISTRY), exchange: [...sent(data, ONE), ...sent(data, TWO)] }
}

/** The journal, of whose registry a first reading sees so many leaves. */
function growing(data: string, leaves: number, more: Partial<ChainSource> = {}): ChainSource {
  const inner = journalSource({ data, instance: 'T' })
  let readings = 0
  return {
    ...inner,
    ...more,
    async *read(origin, how) {
      readings += origin === REGISTRY ? 1 : 0
      if (origin !== REGISTRY || readings > 1) {
        yield* inner.read(origin, how)
        return
      }
      for (const { count, first, payload } of commits(data, REGISTRY)) {
        const part = { type: 'batch', first, count, start: 0, end: payload.length } as const
        if (first < leaves) yield { bytes: Buffer.from(payload), parts: [part] }
      }
    },
  }
}

async function kindsIn(source: ChainSource, more: Partial<VerifyParts> = {}): Promise<string[]> {
  const examiner = new Examiner()
  const parts = { source, keys, now: THEN + 86_400_000, ...more }
  const { findings } = await verify({
    ...parts,
    examine: (chunk, how) => examiner.examine(chunk, how),
  })
  return findings.map(({ kind }) => kind)
}

/** A chain whose gateway runs, behind a registry of two leaves. */
async function running(data: string): Promise<{ readonly registry: Chain; readonly chain: Chain }> {
  const { chain: registry } = await openOn(data, REGISTRY)
  await putInstance(registry)
  const { chain } = await openOn(data, ONE)
  await putOpening(chain, await putGenesis(registry, 1), 1)
  await putHeads(chain, registry.head())
  return { registry, chain }
}

/** It is followed by a second one. */
async function followed(data: string): Promise<void> {
  const { chain, registry } = await running(data)
  await exchange(chain, 1)
  const closed = chain.head()
  const { root, size } = closed
  await chain.close()
  await put(registry, 'closure', { at: THEN + 300, chain: ONE, root, sealed: false, size, v: 1 })
  const second = await openOn(data, TWO)
  await putOpening(second.chain, await putGenesis(registry, 2, closed), 400)
  await exchange(second.chain, 2, THEN + 500)
  await second.chain.close()
  await registry.close()
}

function intent(chain: Chain): Promise<Recorded> {
  return chain.append(decisionEntry(1, THEN + 100, 'permit'))
}

test('Kafka lags by the commit in which an outcome stands', async () => {
  const data = folder()
  const { chain, registry } = await running(data)
  const { index } = await intent(chain)
  await chain.append(outcomeEntry({ number: 1, at: THEN + 105, intent: index }))
  await chain.close()
  await registry.close()
  const all = { registry: sent(data, REGISTRY), exchange: sent(data, ONE) }
  expect(await kindsIn(sourceOfLanes(all))).toEqual([])
  expect(await kindsIn(sourceOfLanes({ ...all, exchange: all.exchange.slice(0, -1) }))).toEqual([])
})

test('an export made while an exchange was under way is verified a day later', async () => {
  const [data, to] = [folder(), folder()]
  const { chain, registry } = await running(data)
  await intent(chain)
  await exportLedger({ source: journalSource({ data, instance: 'T' }), keys, to })
  await chain.close()
  await registry.close()
  expect(await kindsIn(tilesSource({ folder: to, instance: 'T' }))).toEqual([])
})

test('Kafka deleted a chain whose intent the next one finishes: what is behind is told, and no more', async () => {
  const data = folder()
  await smallLedger(data)
  const gone = { ...lanes(data), exchange: sent(data, TWO) }
  expect(new Set(await kindsIn(sourceOfLanes(gone)))).toEqual(new Set(['behind']))
})

test('a gateway that restarts meanwhile: its new chain says what became of the old one’s exchange', async () => {
  const data = folder()
  await smallLedger(data)
  expect(await kindsIn(growing(data, 2))).toEqual([])
})

test('a gateway that restarts twice meanwhile: the torn tail that a closure names is no unrecorded one', async () => {
  const data = folder()
  await smallLedger(data)
  const examiner = new Examiner()
  const { pins } = await verify({
    ...{ source: journalSource({ data, instance: 'T' }), keys, now: THEN },
    examine: (chunk, how) => examiner.examine(chunk, how),
  })
  const { chain: second } = await openOn(data, TWO)
  const { root, size } = second.head()
  await second.close()
  expect(pins.chains.get(TWO)?.state.edge.size).toBe(size)
  const hash = `${'c'.repeat(42)}A`
  const cut = { bytes: 7, hash }
  const { chain: registry } = await openOn(data, REGISTRY)
  await put(registry, 'closure', {
    ...{ at: THEN + 9100, chain: TWO, cut, root, sealed: true, size, v: 1 },
  })
  await registry.close()
  const kept = [{ hash: hash as never, bytes: 7, isWhole: true }]
  const cuts = (of: string): Promise<typeof kept> => Promise.resolve(of === TWO ? kept : [])
  expect(await kindsIn(growing(data, 3, { cuts }))).toEqual([])
})

test('a chain that is opened meanwhile is read, and held to what others have seen of it', async () => {
  const data = folder()
  await followed(data)
  const text = checkpointWriter(TWO, gateway)(2, leafHashOf('another tree'))
  const evidence = { notes: [{ name: 'note', text }] }
  const registry = sent(data, REGISTRY)
  expect(await kindsIn(growing(data, 3))).toEqual([])
  expect(await kindsIn(growing(data, 3), { evidence })).toEqual(['history-rewritten'])
  const held: Lanes & { readonly registry: Sent[] } = {
    ...lanes(data),
    registry: registry.slice(0, -1),
  }
  const settle = (): Promise<void> => {
    held.registry.push(...registry.slice(held.registry.length))
    return Promise.resolve()
  }
  expect(await kindsIn(sourceOfLanes(held, 0, settle), { evidence })).toEqual(['history-rewritten'])
})

test('a second story of the registry, shown when it is read on, opens no chain', async () => {
  const [data, other] = [folder(), folder()]
  for (const story of [data, other]) {
    const { chain, registry } = await running(story)
    await exchange(chain, 1)
    await chain.close()
    if (story === data) await put(registry, 'revocations', { at: THEN + 100, v: 1 })
    else await putGenesis(registry, 2)
    await registry.close()
  }
  // Its opening names the leaf at which the story that is shown first has something else.
  const second = await openOn(data, TWO)
  await putOpening(second.chain, 2, 2)
  await exchange(second.chain, 5, THEN + 100)
  await second.chain.close()
  const shown = lanes(data)
  expect(await kindsIn(sourceOfLanes(shown))).toEqual(['chain-in-secret'])
  const settle = (): Promise<void> => {
    shown.registry.splice(0, Infinity, ...sent(other, REGISTRY))
    return Promise.resolve()
  }
  const kinds = await kindsIn(sourceOfLanes(shown, 0, settle))
  expect(kinds).toContain('history-rewritten')
})

test('a gateway that has just started again has half a minute to say what became of an old exchange', () => {
  const started = THEN + 3_600_000
  const genesis = { chain: TWO, at: started } as GenesisRecord
  const state = (latest: number): ChainState => ({
    edge: { size: 1, peaks: [] },
    sealed: false,
    latest,
  })
  const found = (latest: number): unknown =>
    overdue(
      { chain: ONE, index: 7, deadline: THEN + 5000, exchange: exchangeId(1) },
      {
        links: { newestOf: () => genesis },
        states: new Map([[TWO, state(latest)]]),
        now: THEN + 86_400_000,
      },
    )
  expect(found(started + 30_000)).toBeUndefined()
  expect(found(started + 30_001)).toMatchObject({ chain: ONE, kind: 'outcome-missing', first: 7 })
})

test('a start that cuts a torn tail of the registry while it is read accuses nobody; one whose leaf never comes does', async () => {
  const data = folder()
  const { chain, registry } = await running(data)
  await chain.close()
  const torn = Buffer.from('torn')
  const hash = digestOf(torn)
  const file = join(chainFolder(data, REGISTRY), `cut-${hash}-${torn.length}.bin`)
  /** What happens as soon as the registry was read for the first time. */
  const meanwhile = (happens: () => unknown): ChainSource => {
    const inner = journalSource({ data, instance: 'T' })
    let isFirst = true
    return {
      ...inner,
      async *read(origin, how) {
        yield* inner.read(origin, how)
        if (origin === REGISTRY && isFirst) {
          isFirst = false
          await happens()
        }
      },
    }
  }
  const keep = (): void => {
    writeFileSync(file, torn)
  }
  const tell = (): Promise<Recorded> =>
    put(registry, 'cut', { at: THEN + 9000, bytes: torn.length, hash, v: 1 })
  expect(await kindsIn(meanwhile(keep))).toEqual([])
  expect(await kindsIn(journalSource({ data, instance: 'T' }))).toEqual(['cut-unrecorded'])
  expect(await kindsIn(meanwhile(tell))).toEqual([])
  await registry.close()
})
