/**
 * L6: all that is signed of a chain is one history. L7: a fork, a rollback and a hidden tail are each found with any one of a witness's
 * checkpoint, a receipt, or a mirror of the published checkpoints.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  checkpointsFolder,
  readCheckpoints,
} from '../../adapters/checkpoints-folder/checkpoints-folder.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { keysFile } from '../../adapters/ledger-journal/keys-file.ts'
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import { entriesOf, writeAnew } from '../../deploy/demo/dishonest/operator.ts'
import { verifyLedger } from '../../deploy/verify-ledger.ts'
import type { Entry } from '../../gateway/ledger/entry.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import { EMPTY_EDGE, Growth, rootOf } from '../../gateway/ledger/tree.ts'
import { checkpointIn } from '../../gateway/witness/parts.ts'
import { startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'
import { startWitnesses, type TestWitnesses } from '../harness/witnesses.ts'

const CHAIN = 'TW/exchange/TW/GOV/GONGDAO/gateway-1/2'

let system: System
let witnesses: TestWitnesses
let folder: string
const evidence = { receipt: '', witness: '', mirror: '' }
/** Index of the outcome that the receipt shows. */
let shown: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-one-history-'))
  system = await startSystem({
    start: false,
    config: () => ({
      witnesses: {
        require: 1,
        whenAway: 'continue',
        deadlineMs: 2_000,
        witnesses: [{ key: witnesses.all[0]!.vkey, url: witnesses.all[0]!.url, ca: witnesses.ca }],
      },
    }),
  })
  const gateway = system.world.identityOf('gateway', 'TW/GOV/GONGDAO/gateway-1')
  witnesses = await startWitnesses(1, system.data, gateway)
  await system.start()
  await system.run('S3')
  await system.stop()
  await system.start()
  await system.run('S3')
  const published = (): number => [...readCheckpoints(checkpointsFolder(system.data))].length
  const before = published()
  await until(() => published() > before, 'what there is so far is published')
  const asked = await system.run('S3')
  await system.stop()
  const entries = entriesOf(system.data, CHAIN)
  shown = entries.findLastIndex(({ kind }) => kind === 'outcome')
  const newest = await witnesses.all[0]!.running!.memory.newest(CHAIN)
  const mirrored = [...readCheckpoints(checkpointsFolder(system.data))].filter(
    ({ origin }) => origin === CHAIN,
  )
  const texts = {
    receipt: String(asked.headers['exchange-receipt']),
    witness: newest ?? '',
    // What a topic or another copy has kept of what was published.
    mirror: mirrored.at(-1)?.note ?? '',
  }
  for (const [name, text] of Object.entries(texts) as [keyof typeof texts, string][]) {
    evidence[name] = join(folder, name)
    writeFileSync(evidence[name], text)
  }
}, 60_000)

afterAll(async () => {
  await witnesses.close()
  await system[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

function otherOutcome(entries: readonly Entry[]): Entry[] {
  return entries.map((entry, at) => {
    if (at !== shown) return entry
    const record = JSON.parse(entry.record) as { fields: string[] }
    return { ...entry, record: JSON.stringify({ ...record, fields: record.fields.slice(1) }) }
  })
}

/** The exchange that the receipt shows, and all behind it, is gone; the fork and the rollback tell another story in its place. */
const DEEDS: Readonly<Record<string, (entries: readonly Entry[]) => Entry[]>> = {
  fork: otherOutcome,
  rollback: (entries) => [
    ...entries.slice(0, shown - 1),
    // As many and more, so that no size gives it away.
    ...entries.slice(shown - 3, shown - 1),
    ...entries.slice(shown - 3, shown - 1),
  ],
  'hidden tail': (entries) => entries.slice(0, shown - 1),
}

async function findings(
  deed: (entries: readonly Entry[]) => Entry[],
  by: keyof typeof evidence | 'nothing',
): Promise<readonly Finding[]> {
  const data = mkdtempSync(join(folder, 'copy-'))
  for (const part of ['keys', 'ledger'])
    cpSync(join(system.data, part), join(data, part), { recursive: true })
  // The operator hides what it published itself.
  rmSync(checkpointsFolder(data), { recursive: true })
  await writeAnew(data, CHAIN, deed(entriesOf(data, CHAIN)))
  const { findings: found } = await verifyLedger({
    data,
    keys: readFileSync(keysFile(system.data), 'utf8'),
    receipts: by === 'receipt' ? [evidence.receipt] : [],
    notes: by === 'witness' || by === 'mirror' ? [evidence[by]] : [],
    now: Date.now(),
  })
  return found.filter(({ kind }) => ['history-rewritten', 'chain-truncated', 'fork'].includes(kind))
}

describe('L7: found with one thing that others hold', () => {
  const cases = Object.keys(DEEDS).flatMap((deed) =>
    (['receipt', 'witness', 'mirror'] as const).map((by) => [deed, by] as const),
  )

  test.each(cases)('a %s, with a %s', async (deed, by) => {
    const [found] = await findings(DEEDS[deed]!, by)
    expect(found).toMatchObject({ chain: CHAIN })
    expect(found!.first).toBeLessThanOrEqual(shown)
    expect(found!.last).toBeGreaterThanOrEqual(shown)
    if (deed === 'fork' && by === 'receipt')
      expect([found!.first, found!.last]).toEqual([shown, shown])
  })

  test('nothing of it with nothing: whoever has no receipt and no witness sees every signature good', async () => {
    for (const deed of Object.values(DEEDS)) expect(await findings(deed, 'nothing')).toEqual([])
  })

  test('what is honest is contradicted by none of them', async () => {
    for (const by of ['receipt', 'witness', 'mirror'] as const) {
      expect(await findings((entries) => [...entries], by)).toEqual([])
    }
  })
})

test('L6: all checkpoints that were published or cosigned are of one history, chain by chain', async () => {
  const published = [...readCheckpoints(checkpointsFolder(system.data))]
  const { memory } = witnesses.all[0]!.running!
  const cosigned = await Promise.all(memory.chains().map((chain) => memory.newest(chain)))
  const notes = [...published.map(({ note }) => note), ...cosigned.map((note) => note ?? '')]
  const chains = new Set(published.map(({ origin }) => origin))
  expect(chains.size).toBe(3)
  const roots = new Map([...chains].map((chain) => [chain, rootsOf(chain)]))
  for (const note of notes) {
    const { origin, root, size } = checkpointIn(note)
    expect([origin, size, roots.get(origin)?.[size]]).toEqual([origin, size, root])
  }
})

/** By size. */
function rootsOf(origin: string): readonly TreeHash[] {
  const roots = [rootOf(EMPTY_EDGE)]
  let edge = EMPTY_EDGE
  readChain({
    folder: chainFolder(system.data, origin),
    origin,
    twoPhase: origin.endsWith('/registry'),
    visit: () => undefined,
    onLeaves: (_first, hashes) => {
      for (const hash of hashes) {
        edge = new Growth(edge, [hash]).edge
        roots.push(rootOf(edge))
      }
    },
  })
  return roots
}
