/** Chains opened in public, and complaints about what was not: against a witness with a real folder. */
import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  openWitnessFolder,
  type WitnessFolder,
} from '../../adapters/checkpoints-folder/witness-folder.ts'
import { canonicalJson, type Json } from '../../policies/canonical-json.ts'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import {
  digestOf,
  leafHashOf,
  nodeHash,
  base64OfTreeHash,
  digestOfTreeHash,
  type TreeHash,
} from '../../gateway/ledger/hash.ts'
import { leafText } from '../../gateway/ledger/leaf.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { consistencyProof, inclusionProof, rangeRoot } from '../../gateway/ledger/proofs.ts'
import { makeExtra } from '../../gateway/ledger/receipt.ts'
import { proofText } from '../../gateway/ledger/tlog-proof.ts'
import { addCheckpointText } from '../../gateway/witness/add-checkpoint.ts'
import type { CheckpointDesk } from '../../gateway/witness/checkpoint-desk.ts'
import type { ComplaintDesk } from '../../gateway/witness/complaint-desk.ts'
import { cosignerOf } from '../../gateway/witness/cosignature.ts'
import { witnessDesks } from '../../gateway/witness/desks.ts'
import type { GenesisDesk } from '../../gateway/witness/genesis-desk.ts'
import { testSigner } from '../harness/memory-ledger.ts'
import { SteadyClock } from '../harness/steady.ts'

const GATEWAY = 'T/GOV/A300000014/gw1'
const registrar = testSigner(1)
const gateway = testSigner(2)
const keys = parsePinnedKeys(
  [
    vkeyText('T/registry', registrar.publicKey),
    vkeyText(`T/exchange/${GATEWAY}`, gateway.publicKey),
  ].join('\n'),
)

/** A chain of real leaves in memory, which proves and signs whatever it is told to. */
class Chain {
  readonly origin: string
  readonly entries: { kind: 'genesis' | 'outcome'; record: string }[] = []

  constructor(origin: string, entries: Chain['entries'] = []) {
    this.origin = origin
    this.entries = [...entries]
  }

  put(kind: 'genesis' | 'outcome', record: Json): this {
    this.entries.push({ kind, record: canonicalJson(record) })
    return this
  }

  leaf(index: number): string {
    const { kind, record } = this.entries[index]!
    return leafText(kind, digestOf(record), undefined)
  }

  node = (level: number, position: number): TreeHash => {
    if (level === 0) return leafHashOf(this.leaf(position))
    return nodeHash(this.node(level - 1, 2 * position), this.node(level - 1, 2 * position + 1))
  }

  root(size = this.entries.length): TreeHash {
    return rangeRoot(this.node, 0, size)
  }

  note(size = this.entries.length): string {
    const signer = this.origin === 'T/registry' ? registrar : gateway
    return checkpointWriter(this.origin, signer)(size, this.root(size))
  }

  request(old: number, size = this.entries.length): string {
    return addCheckpointText(old, consistencyProof(this.node, old, size), this.note(size))
  }

  receipt(index: number, size = this.entries.length): string {
    const path = inclusionProof(this.node, index, size)
    const lines = path.map((each) => `${base64OfTreeHash(each)}\n`).join('')
    const content = { leaf: this.leaf(index), recordText: this.entries[index]!.record }
    return proofText({
      index,
      lines,
      note: this.note(size),
      extra: Buffer.from(makeExtra(content, Infinity)),
    })
  }
}

function origin(n: number): string {
  return `T/exchange/${GATEWAY}/${n}`
}

function genesis(
  n: number,
  before?: { chain: string; size: number; root: TreeHash },
): Record<string, Json> {
  return {
    at: n,
    chain: origin(n),
    gateway: GATEWAY,
    key: vkeyText(origin(n), gateway.publicKey),
    n,
    ...(before && {
      predecessor: { chain: before.chain, root: digestOfTreeHash(before.root), size: before.size },
    }),
    v: 1,
  }
}

let folder: string
let memory: WitnessFolder
let checkpoints: CheckpointDesk
let geneses: GenesisDesk
let complaints: ComplaintDesk
let registry: Chain
let clock: SteadyClock

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-desks-'))
  registry = new Chain('T/registry').put('outcome', { v: 1 })
  await reopen()
})

afterEach(async () => {
  await memory.close()
  rmSync(folder, { recursive: true })
})

async function reopen(): Promise<void> {
  memory = await openWitnessFolder(folder)
  const cosigner = cosignerOf('audit.example/w1', Buffer.alloc(32, 7))
  clock = new SteadyClock('2026-11-22T12:00:00+08:00')
  const desks = witnessDesks({ cosigner, keys, memory, clock, alarm: () => undefined })
  ;({ checkpoints, complaints, geneses } = desks)
}

function kept(): string[] {
  return readdirSync(join(folder, 'contradictions')).map((name) =>
    readFileSync(join(folder, 'contradictions', name), 'utf8')
      .split('\n')
      .slice(1, 4)
      .join(' '),
  )
}

/** The registry's newest checkpoint is cosigned; the proof of its leaf `index` in it is shown. */
async function open(index: number): Promise<string> {
  const newest = await memory.newest('T/registry')
  const old = newest === undefined ? 0 : Number(newest.split('\n')[1])
  expect((await checkpoints.add(registry.request(old))).kind).toBe('cosigned')
  return (await geneses.add(registry.receipt(index))).kind
}

async function openFirst(): Promise<Chain> {
  registry.put('genesis', genesis(1))
  expect(await open(1)).toBe('learnt')
  return new Chain(origin(1)).put('outcome', { n: 0, v: 1 }).put('outcome', { n: 1, v: 1 })
}

describe('a chain', () => {
  test('is cosigned once its genesis was shown in a registry that was cosigned, and still after a restart', async () => {
    const chain = new Chain(origin(1)).put('outcome', { v: 1 })
    expect((await checkpoints.add(chain.request(0))).kind).toBe('unknown-origin')
    await openFirst()
    await memory.close()
    await reopen()
    expect((await checkpoints.add(chain.request(0))).kind).toBe('cosigned')
    expect((await geneses.add(registry.receipt(1))).kind).toBe('learnt')
    expect(memory.geneses).toHaveLength(1)
  })

  test('is not opened by a registry that nobody else was shown', async () => {
    registry.put('genesis', genesis(1))
    expect((await geneses.add(registry.receipt(1))).kind).toBe('not-cosigned')
  })

  test.each<[string, Record<string, Json>]>([
    ['another key', { key: vkeyText(origin(1), testSigner(3).publicKey) }],
    ['another name than its number and gateway make', { chain: origin(2) }],
    ['a gateway that is not pinned', { gateway: 'T/GOV/A300000014/gw2' }],
    ['a predecessor that is none', { predecessor: 'x' }],
    ['no name', { chain: 1 }],
  ])('is not opened with %s', async (_what, changes) => {
    registry.put('genesis', { ...genesis(1), ...changes })
    expect(await open(1)).toBe('malformed')
  })

  test('is not opened by another leaf than a genesis, nor by garbage', async () => {
    registry.put('outcome', genesis(1))
    expect(await open(1)).toBe('malformed')
    expect((await geneses.add('garbage')).kind).toBe('malformed')
  })

  test('has one successor: two of them convict the operator', async () => {
    const first = await openFirst()
    const end = { chain: first.origin, size: 2, root: first.root() }
    registry.put('genesis', genesis(2, end)).put('genesis', genesis(3, end))
    expect(await open(2)).toBe('learnt')
    expect((await geneses.add(registry.receipt(3))).kind).toBe('contradicted')
    expect(kept()).toEqual([`kind two-successors chain ${origin(3)} index 3`])
  })

  test('that is the first one of its gateway is the only first one', async () => {
    await openFirst()
    registry.put('genesis', genesis(2))
    expect(await open(2)).toBe('contradicted')
  })

  test.each<[string, (chain: Chain) => { size: number; root: TreeHash }, string]>([
    [
      'fewer leaves than were cosigned',
      (chain) => ({ size: 1, root: chain.root(1) }),
      'contradicted',
    ],
    ['other leaves', () => ({ size: 2, root: '\u0001'.repeat(32) }), 'contradicted'],
    ['what was cosigned', (chain) => ({ size: 2, root: chain.root(2) }), 'learnt'],
    ['more than was cosigned', () => ({ size: 3, root: '\u0001'.repeat(32) }), 'learnt'],
  ])('that was closed with %s', async (_what, end, expected) => {
    const first = await openFirst()
    await checkpoints.add(first.request(0))
    registry.put('genesis', genesis(2, { chain: first.origin, ...end(first) }))
    expect(await open(2)).toBe(expected)
    if (expected === 'contradicted')
      expect(kept()).toEqual([`kind cut-short chain ${origin(1)} size 2`])
  })

  test('that was closed is cosigned up to its end, and never beyond', async () => {
    const first = await openFirst()
    await checkpoints.add(first.request(0, 1))
    const end = { chain: first.origin, size: 2, root: first.root() }
    registry.put('genesis', genesis(2, end))
    expect(await open(2)).toBe('learnt')
    expect((await checkpoints.add(first.request(1))).kind).toBe('cosigned')
    first.put('outcome', { n: 2, v: 1 })
    expect((await checkpoints.add(first.request(2))).kind).toBe('inconsistent')
    expect(kept()).toEqual([`kind cut-short chain ${origin(1)} size 3`])
  })
})

describe('desks take turns', () => {
  test('a chain that is closed while its next checkpoint is on the way is never cosigned beyond its end in silence', async () => {
    const first = await openFirst()
    await checkpoints.add(first.request(0, 1))
    const end = { chain: first.origin, size: 1, root: first.root(1) }
    registry.put('genesis', genesis(2, end))
    expect((await checkpoints.add(registry.request(2))).kind).toBe('cosigned')
    const [grown, opened] = await Promise.all([
      checkpoints.add(first.request(1)),
      geneses.add(registry.receipt(2)),
    ])
    expect([grown.kind, opened.kind]).toEqual(['cosigned', 'contradicted'])
    expect(kept()).toEqual([`kind cut-short chain ${origin(1)} size 2`])
  })

  test('a receipt of another tree that comes while one of its size is cosigned convicts', async () => {
    const chain = await openFirst()
    const other = new Chain(origin(1), chain.entries)
    other.entries[0] = { kind: 'outcome', record: '{"n":7,"v":1}' }
    await Promise.all([checkpoints.add(chain.request(0)), complaints.add(other.receipt(1))])
    expect(kept()).toEqual([`kind fork chain ${origin(1)} size 2`])
  })
})

describe('what strangers bring again and again', () => {
  /** The same, with lines that no key here knows. */
  function dressed(receipt: string, number: number): string {
    const blob = Buffer.alloc(90, number).toString('base64')
    return `${receipt}\u2014 A000000018-${number} ${blob}\n`
  }

  test('is a contradiction once, however it is dressed and however far the chain has grown since', async () => {
    const chain = await openFirst()
    const other = new Chain(origin(1), chain.entries)
    other.entries[1] = { kind: 'outcome', record: '{"n":7,"v":1}' }
    await complaints.add(other.receipt(1))
    await checkpoints.add(chain.request(0))
    for (let number = 3; number < 6; number += 1) {
      chain.put('outcome', { n: number, v: 1 })
      expect((await checkpoints.add(chain.request(number - 1))).kind).toBe('cosigned')
      await complaints.add(dressed(chain.receipt(1), number))
      await complaints.add(dressed(other.receipt(1), number))
      await checkpoints.add(dressed(other.request(0), number))
    }
    expect(kept().toSorted()).toEqual([
      `kind fork chain ${origin(1)} size 2`,
      `kind two-leaves chain ${origin(1)} index 1`,
    ])
  })

  test('is kept without a byte that no pinned key has signed', async () => {
    registry.put('genesis', genesis(1))
    await checkpoints.add(registry.request(0))
    const shown = registry.receipt(1)
    const [, extra = ''] = /^extra (\S+)$/m.exec(shown) ?? []
    const more = Buffer.from(extra, 'base64')
      .toString()
      .replace(/,"v":1\}$/, ',"v":1,"who":"A000000018"}')
    const padded = shown.replace(extra, Buffer.from(more).toString('base64'))
    expect((await geneses.add(dressed(padded, 1))).kind).toBe('learnt')
    const chain = new Chain(origin(1)).put('outcome', { n: 0, v: 1 })
    expect((await complaints.add(dressed(chain.receipt(0), 2))).kind).toBe('kept')
    for (const part of ['geneses', 'complaints']) {
      const [file = ''] = readdirSync(join(folder, part))
      const text = readFileSync(join(folder, part, file), 'utf8')
      expect(text).not.toContain('A000000018')
      expect(text).not.toContain(Buffer.from('A000000018').toString('base64').slice(0, 12))
    }
    expect(memory.geneses[0]?.proof).toBe(shown)
  })

  test('is answered as a moment ago, and nothing more is written; a minute later with a fresh time', async () => {
    const lines = async (): Promise<number> => {
      const chains = readdirSync(join(folder, 'chains'), { recursive: true, encoding: 'utf8' })
      const files = chains.filter((name) => name.endsWith('.lines'))
      const texts = files.map((name) => readFileSync(join(folder, 'chains', name), 'utf8'))
      return Promise.resolve(texts.join('').split('\n').length - 1)
    }
    const first = await checkpoints.add(registry.request(0))
    const before = await lines()
    for (let count = 0; count < 5; count += 1)
      expect(await checkpoints.add(registry.request(1))).toEqual(first)
    expect(await lines()).toBe(before)
    clock.advance(61_000)
    expect(await checkpoints.add(registry.request(1))).not.toEqual(first)
    expect(await lines()).toBe(before + 1)
  })
})

describe('a complaint', () => {
  test('is kept under a number, overdue once the chain has grown beyond it, and settled by its leaf in what was cosigned', async () => {
    const chain = await openFirst()
    const filed = await complaints.add(chain.receipt(1))
    expect(filed).toMatchObject({ kind: 'kept', complaint: { number: 1, state: 'open', index: 1 } })
    expect(await complaints.add(chain.receipt(1))).toEqual(filed)
    chain.put('outcome', { n: 2, v: 1 })
    await checkpoints.add(chain.request(0))
    expect(await complaints.view(1)).toMatchObject({ state: 'overdue' })
    await memory.close()
    await reopen()
    expect(await complaints.unanswered()).toMatchObject([{ number: 1, state: 'overdue' }])
    expect(await complaints.add(chain.receipt(1))).toEqual({ kind: 'covered', settled: [1] })
    expect(await complaints.view(1)).toMatchObject({ state: 'settled' })
    expect(await complaints.unanswered()).toEqual([])
  })

  test('is not settled by the size alone: another leaf in its place convicts the operator', async () => {
    const chain = await openFirst()
    const other = new Chain(origin(1), chain.entries)
    other.entries[1] = { kind: 'outcome', record: '{"n":7,"v":1}' }
    await complaints.add(other.receipt(1))
    chain.put('outcome', { n: 2, v: 1 })
    await checkpoints.add(chain.request(0))
    expect(await complaints.add(chain.receipt(1))).toEqual({ kind: 'covered', settled: [] })
    expect(kept()).toEqual([`kind two-leaves chain ${origin(1)} index 1`])
  })

  test('with another root of a size that was cosigned convicts at once, and so do two with two leaves in one place', async () => {
    const chain = await openFirst()
    const other = new Chain(origin(1), chain.entries)
    other.entries[0] = { kind: 'outcome', record: '{"n":7,"v":1}' }
    await complaints.add(other.receipt(0, 1))
    await complaints.add(chain.receipt(0, 1))
    expect(kept()).toEqual([`kind two-leaves chain ${origin(1)} index 0`])
    await checkpoints.add(chain.request(0))
    await complaints.add(other.receipt(1))
    expect(kept().toSorted()).toEqual([
      `kind fork chain ${origin(1)} size 2`,
      `kind two-leaves chain ${origin(1)} index 0`,
    ])
  })

  test('about a chain in secret is taken by the pinned key alone', async () => {
    const secret = new Chain(origin(9)).put('outcome', { v: 1 })
    expect(await complaints.add(secret.receipt(0))).toMatchObject({
      kind: 'kept',
      complaint: { state: 'open', chain: origin(9) },
    })
    expect((await complaints.add(Buffer.from(secret.receipt(0)).toString('base64'))).kind).toBe(
      'kept',
    )
  })

  test('of another chain does not stand in the way of those that an operator can answer', async () => {
    const chain = await openFirst()
    const secret = new Chain(origin(9))
    for (let n = 0; n < 230; n += 1) secret.put('outcome', { n, v: 1 })
    for (let n = 0; n < 230; n += 1) await complaints.add(secret.receipt(n, n + 1))
    await complaints.add(chain.receipt(1))
    const its = await complaints.unanswered(hash('sha256', chain.origin))
    expect(its).toMatchObject([{ number: 231, chain: chain.origin, index: 1 }])
    expect(await complaints.unanswered()).toHaveLength(200)
    expect(await complaints.unanswered('other')).toEqual([])
  })

  test('needs a receipt that a pinned key has signed; what its record says is not kept', async () => {
    const chain = await openFirst()
    for (const bad of ['', 'x', chain.receipt(1).replace('index 1', 'index 0'), chain.note()]) {
      expect((await complaints.add(bad)).kind).toBe('malformed')
    }
    await complaints.add(chain.receipt(1))
    const [file = ''] = readdirSync(join(folder, 'complaints'))
    expect(readFileSync(join(folder, 'complaints', file), 'utf8')).not.toContain('extra')
    expect(await complaints.view(2)).toBeUndefined()
    expect(await complaints.view(Number.NaN)).toBeUndefined()
  })
})
