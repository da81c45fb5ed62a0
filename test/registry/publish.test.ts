import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { NotReplicated, type LeafKind } from '../../gateway/ledger/entry.ts'
import type { ManifestRecord, PieceRecord } from '../../gateway/ledger/registry-events.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { publish, type Publication, type RegistryWriter } from '../../gateway/registry/publish.ts'
import { replicatedChain } from '../../gateway/replication/replicated-chain.ts'
import type { RuleSet } from '../../policies/rule-set.ts'
import { Digest, Instant } from '../../policies/vocabulary.ts'
import { memoryChain, type MemoryChain } from '../harness/memory-ledger.ts'

const AT = Instant.ofMilliseconds(1_790_000_000_000)

function sha256(text: string): Digest {
  return Digest.parse(createHash('sha256').update(text, 'utf8').digest('base64url'))
}

function publication(texts: Readonly<Record<string, string>>, rules = 'permit(…)'): Publication {
  return {
    documents: Object.entries(texts).map(([path, text]) => ({
      path,
      text,
      hash: sha256(text),
      document: {},
    })),
    rules: { hash: sha256(rules), text: rules } as RuleSet,
    engine: { name: 'cedar-wasm', version: '4.13.0' },
  }
}

function registry(): RegistryWriter & { readonly chain: MemoryChain } {
  const chain = memoryChain('T/registry', { twoPhase: true })
  return { chain, view: new RegistryView(), sha256 }
}

/** What the next process sees: the same leaves, folded from the start. */
function reopened({ chain }: { readonly chain: MemoryChain }): RegistryWriter & {
  readonly chain: MemoryChain
} {
  const view = new RegistryView()
  for (const [index, { kind, record }] of chain.entries.entries()) {
    view.take(index, kind, JSON.parse(record))
  }
  return { chain, view, sha256 }
}

function kindsOf({ chain }: { readonly chain: MemoryChain }): readonly LeafKind[] {
  return chain.entries.map(({ kind }) => kind)
}

test('each text stands on the chain once, by its content, and the manifest behind what it names', async () => {
  const own = registry()
  const index = await publish(own, publication({ 'a.json': 'one', 'b.json': 'two' }), AT)
  expect(kindsOf(own)).toEqual(['document', 'document', 'rules', 'manifest'])
  expect(index).toBe(3)
  expect(own.view.newest()).toMatchObject({ index: 3, number: 1, at: AT })
  expect(own.view.newest()?.documents).toEqual([
    { id: 'a.json', hash: sha256('one') },
    { id: 'b.json', hash: sha256('two') },
  ])
})

test('nothing changed: nothing is written, and the manifest is the one before', async () => {
  const own = registry()
  const index = await publish(own, publication({ 'a.json': 'one' }), AT)
  const size = own.chain.entries.length
  expect(await publish(own, publication({ 'a.json': 'one' }), AT)).toBe(index)
  expect(await publish(reopened(own), publication({ 'a.json': 'one' }), AT)).toBe(index)
  expect(own.chain.entries).toHaveLength(size)
})

test.each<[string, Publication, readonly LeafKind[]]>([
  ['a changed text', publication({ 'a.json': 'ONE', 'b.json': 'two' }), ['document', 'manifest']],
  [
    'a name more for the same text',
    publication({ 'a.json': 'one', 'b.json': 'two', 'c.json': 'one' }),
    ['manifest'],
  ],
  ['a document less', publication({ 'a.json': 'one' }), ['manifest']],
  ['texts that changed places', publication({ 'a.json': 'two', 'b.json': 'one' }), ['manifest']],
  [
    'other rules',
    publication({ 'a.json': 'one', 'b.json': 'two' }, 'forbid(…)'),
    ['rules', 'manifest'],
  ],
  [
    'another engine',
    {
      ...publication({ 'a.json': 'one', 'b.json': 'two' }),
      engine: { name: 'cedar-wasm', version: '9' },
    },
    ['manifest'],
  ],
])('%s makes a new manifest, and only what is new is written', async (_, next, kinds) => {
  const own = registry()
  await publish(own, publication({ 'a.json': 'one', 'b.json': 'two' }), AT)
  const size = own.chain.entries.length
  const index = await publish(reopened(own), next, AT)
  expect(kindsOf(own).slice(size)).toEqual(kinds)
  expect(reopened(own).view.newest()).toMatchObject({ index, number: 2 })
})

test('a manifest of more than 200 documents has parts, and takes force with the last', async () => {
  const own = registry()
  const path = (at: number): string => `agreements/${String(at).padStart(180, 'x')}.json`
  const texts = Object.fromEntries(
    Array.from({ length: 401 }, (_, at) => [path(at), `t${String(at)}`]),
  )
  const index = await publish(own, publication(texts), AT)
  const manifests = own.chain.entries.filter(({ kind }) => kind === 'manifest')
  const parts = manifests.map(({ record }) => JSON.parse(record) as ManifestRecord)
  expect(parts.map(({ part, parts: of }) => [part, of])).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ])
  for (const { record } of manifests) expect(Buffer.byteLength(record)).toBeLessThan(65_535)
  const { view } = reopened(own)
  expect(view.manifests).toHaveLength(1)
  expect(view.newest()?.documents).toHaveLength(401)
  expect(view.manifestAt(index)).toBe(view.newest())
  expect(view.manifestAt(index - 1)).toBeUndefined()
})

test('crashed after any leaf, the next start goes on from there: no text twice, one manifest, everything in force', async () => {
  const long = '公'.repeat(40_000)
  const wanted = publication({ 'a.json': 'one', 'b.json': long, 'c.json': 'three' })
  const whole = registry()
  await publish(whole, wanted, AT)
  for (let kept = 0; kept < whole.chain.entries.length; kept += 1) {
    const torn = registry()
    const before = whole.chain.entries.slice(0, kept)
    for (const { kind, record } of before) await torn.chain.append({ kind, record })
    const next = reopened(torn)
    await publish(next, wanted, AT)
    expect(next.view.manifests).toHaveLength(1)
    expect(reopened(next).view.manifests).toEqual(next.view.manifests)
    const ends = next.chain.entries
      .filter(({ kind }) => kind === 'document')
      .map(({ record }) => JSON.parse(record) as PieceRecord)
      .filter(({ part, parts }) => part === parts)
      .map(({ hash }) => hash)
    expect(ends.sort()).toEqual([sha256('one'), sha256(long), sha256('three')].sort())
  }
})

test('a crash between two parts of a manifest leaves the one before in force', async () => {
  const own = registry()
  await publish(own, publication({ 'a.json': 'one' }), AT)
  const texts = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`d${String(at)}.json`, `t${String(at)}`]),
  )
  const other = registry()
  await publish(other, publication(texts), AT)
  for (const { kind, record } of other.chain.entries.slice(0, -1)) {
    await own.chain.append({ kind, record })
  }
  expect(reopened(own).view.newest()?.documents).toHaveLength(1)
  const next = reopened(own)
  await publish(next, publication(texts), AT)
  expect(reopened(own).view.newest()?.documents).toHaveLength(300)
})

test.each(['erasure', 'access', 'hold', 'release'] as const)(
  'a key waits for its %s leaf to be at the log servers too',
  async (kind) => {
    const chain = memoryChain('T/registry', { twoPhase: true })
    const asked: unknown[] = []
    const until = async (...place: readonly unknown[]): Promise<boolean> => asked.push(place) > 1
    const guarded = replicatedChain(chain, () => true, { until })
    await expect(guarded.append({ kind, record: '{}' })).rejects.toThrow(NotReplicated)
    expect(await guarded.append({ kind, record: '{}' })).toMatchObject({ index: 1 })
    expect(asked).toEqual([
      ['T/registry', 1],
      ['T/registry', 2],
    ])
  },
)
