/** What a registrar lets a gateway record, and what a gateway lets a registrar show. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Order } from '../../gateway/erasure/parts.ts'
import { verdictOf } from '../../gateway/erasure/verdict.ts'
import { NotReplicated, type Chain, type LeafKind } from '../../gateway/ledger/entry.ts'
import { KINDS } from '../../gateway/ledger/leaf.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { ED25519, keyId } from '../../gateway/ledger/signer.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { appendAll } from '../../gateway/registry/publish.ts'
import { RegistrarDesk } from '../../gateway/registry/registrar-desk.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Digest, Instant } from '../../policies/vocabulary.ts'
import { OFFICERS, order, orderBy } from '../erasure/officers.ts'
import { SimDisk } from '../harness/sim-disk.ts'
import {
  at,
  closure,
  follow,
  genesis,
  ONE,
  openRegistrar,
  ORIGIN,
  OTHER,
  own,
  predecessor,
  showing,
  signer,
  type OpenedRegistrar,
} from '../harness/small-registry.ts'

const SUBJECT = 'A'.repeat(43)
const DIGEST = Digest.parse('d'.repeat(43))
const HERS = { act: 'erase', numbers: ['A000000018'], instance: 'T' } as const

const KEPT_FOR_EVER = Buffer.alloc(68, 1).toString('base64')

/** The checkpoint of a note with a further line, signed anew by the registrar's key. */
function signedWith(line: string, note: string): string {
  const text = `${note.slice(0, note.indexOf('\n\n'))}\n${line}\n`
  const id = keyId(ORIGIN, ED25519, signer.publicKey)
  const signed = Buffer.concat([id, signer.sign(Buffer.from(text))]).toString('base64')
  return `${text}\n— ${ORIGIN} ${signed}\n`
}

/** Of an order, what stands in a leaf. */
function onlyThe({ approvals, statement }: Order): Pick<Order, 'approvals' | 'statement'> {
  return { approvals, statement }
}

describe('a gateway at the registrar', () => {
  let desk: RegistrarDesk
  beforeEach(async () => {
    ;({ desk } = await openRegistrar())
  })

  test('opens its first chain, closes it, and opens the next', async () => {
    expect(await desk.handIn(ONE, genesis())).toEqual({ kind: 'recorded', index: 0 })
    expect(await desk.handIn(ONE, closure())).toEqual({ kind: 'recorded', index: 1 })
    const next = genesis({ n: 2, predecessor })
    expect(await desk.handIn(ONE, next)).toEqual({ kind: 'recorded', index: 2 })
  })

  test.each([
    ['in the name of another gateway', OTHER, genesis()],
    ['with another number', ONE, genesis({ n: 2, predecessor })],
    ['under a key of another chain', ONE, genesis({ key: vkeyText('T/x', own.publicKey) })],
    ['behind a chain that never was', ONE, genesis({ predecessor })],
  ])('opens no chain %s', async (_how, who, entry) => {
    expect((await desk.handIn(who, entry)).kind).toBe('refused')
  })

  test.each([
    ['before the last one is closed', genesis({ n: 2, predecessor }), undefined],
    [
      'with another end of the last one',
      genesis({ n: 2, predecessor: { ...predecessor, size: 4 } }),
      closure(),
    ],
    [
      'under another key than before',
      genesis({ n: 2, predecessor, key: vkeyText(`T/exchange/${ONE}/2`, signer.publicKey) }),
      closure(),
    ],
    ['twice', genesis(), closure()],
  ])('opens no second chain %s', async (_how, entry, before) => {
    await desk.handIn(ONE, genesis())
    if (before !== undefined) await desk.handIn(ONE, before)
    expect((await desk.handIn(ONE, entry)).kind).toBe('refused')
  })

  test('of two that it hands in at once, one becomes the chain', async () => {
    const answers = await Promise.all([desk.handIn(ONE, genesis()), desk.handIn(ONE, genesis())])
    expect(answers.map(({ kind }) => kind)).toEqual(['recorded', 'refused'])
  })

  test("closes nobody else's chain, and none twice", async () => {
    await desk.handIn(ONE, genesis())
    expect((await desk.handIn(OTHER, closure())).kind).toBe('refused')
    await desk.handIn(ONE, closure())
    expect((await desk.handIn(ONE, closure())).kind).toBe('refused')
  })

  test.each([
    ['a member more', { name: '王小明' }],
    ['a chain of another form', { predecessor: { ...predecessor, name: 'A000000018' } }],
    ['no time', { at: 'now' }],
    ['a time to come', { at: at + 6_000 }],
  ])('puts nothing on record with %s: what stands there stands for ever', async (_what, change) => {
    const entry = genesis(change as never)
    expect((await desk.handIn(ONE, entry)).kind).toBe('refused')
    expect((await desk.handIn(ONE, genesis({ at: Instant.ofMilliseconds(at + 5_000) }))).kind).toBe(
      'recorded',
    )
  })

  test.each([
    ['null', 'null'],
    ['a list', '[]'],
    ['no JSON', '{'],
    ['another spelling', genesis().record.replace(':', ': ')],
    ['something deep', `{"at":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
    ['something long', `{"at":"${'x'.repeat(70_000)}"}`],
  ])('is told when it hands in %s', async (_what, record) => {
    for (const kind of ['genesis', 'closure', 'erasure'] as const) {
      expect((await desk.handIn(ONE, { kind, record })).kind).toBe('refused')
    }
  })

  test.each([
    ['a member more', { name: '王小明' }],
    ['a root that is a text', { root: 'A000000018' }],
    ['a size below nothing', { size: -1 }],
    ['a cut of another form', { cut: { bytes: 1, hash: '王小明' } }],
    ['a cut of fewer bytes than none', { cut: { bytes: -1, hash: DIGEST } }],
    ['a text for the bytes of its cut', { cut: { bytes: 'A000000018', hash: DIGEST } }],
    ['a cut with a member more', { cut: { bytes: 1, hash: DIGEST, name: '王小明' } }],
    ['a text for whether it is sealed', { sealed: '王小明' }],
  ])('closes no chain with %s', async (_what, change) => {
    await desk.handIn(ONE, genesis())
    expect((await desk.handIn(ONE, closure(change as never))).kind).toBe('refused')
  })

  test('whose clock is far behind is told to set it: times in a chain never go back', async () => {
    const { desk, record } = await openRegistrar()
    await record('anchor', { at: at + 60_000 })
    expect(await desk.handIn(ONE, genesis())).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('60 s behind'),
    })
    // Verification lets times go back by ten seconds, and not by a millisecond more.
    const behind = (by: number): { kind: 'genesis'; record: string } =>
      genesis({ at: Instant.ofMilliseconds(at + 60_000 - by) })
    expect((await desk.handIn(ONE, behind(10_001))).kind).toBe('refused')
    // Where the registrar's own clock was set back since, what follows its newest leaf is of now.
    expect((await desk.handIn(ONE, behind(10_000))).kind).toBe('recorded')
  })

  test('has chains of its own number, whatever the others have, one behind the other', async () => {
    const others = `T/exchange/${OTHER}/1`
    const key = vkeyText(others, signer.publicKey)
    const another = genesis({ gateway: OTHER, chain: others, key })
    expect((await desk.handIn(ONE, genesis())).kind).toBe('recorded')
    expect((await desk.handIn(OTHER, another)).kind).toBe('recorded')
    expect((await desk.handIn(ONE, closure())).kind).toBe('recorded')
    expect((await desk.handIn(ONE, genesis({ n: 2, predecessor }))).kind).toBe('recorded')
    const second = `T/exchange/${ONE}/2`
    expect((await desk.handIn(ONE, closure({ chain: second }))).kind).toBe('recorded')
    const third = genesis({ n: 3, predecessor: { ...predecessor, chain: second } })
    expect((await desk.handIn(ONE, third)).kind).toBe('recorded')
  })

  const first = `T/exchange/${ONE}/1`
  const twoNumbers = genesis({ n: 7, chain: first, key: vkeyText(first, own.publicKey) })

  // In words for its operator: each says which of the rules it was.
  test.each<[string, string, { kind: LeafKind; record: string }]>([
    ['names another gateway', 'another gateway’s name', genesis({ gateway: OTHER })],
    ['the next chain is T/exchange/', 'another number', genesis({ n: 7 })],
    ['the next chain is T/exchange/', 'another name', genesis({ chain: `T/exchange/${ONE}/7` })],
    ['the next chain is T/exchange/', 'one number in two ways', twoNumbers],
    ['the key is not one of', 'no key', genesis({ key: 'x' })],
    ['there is no chain before', 'a chain before its first', genesis({ predecessor })],
    ['is not a chain of this gateway', 'the end of no chain', closure()],
    ['RFC 8785', 'a list', { kind: 'genesis', record: '[]' }],
    ['RFC 8785', 'more than a leaf', { kind: 'genesis', record: `{"x":"${'x'.repeat(70_000)}"}` }],
  ])('is told “%s” where it hands in %s', async (words, _what, entry) => {
    const why = expect.stringContaining(words)
    expect(await desk.handIn(ONE, entry)).toEqual({ kind: 'refused', why })
  })

  test('is told whether its last chain is not closed, or was closed otherwise', async () => {
    await desk.handIn(ONE, genesis())
    const early = await desk.handIn(ONE, genesis({ n: 2, predecessor }))
    expect(early).toMatchObject({ why: expect.stringContaining('/1 is not closed yet') })
    await desk.handIn(ONE, closure())
    for (const change of [{ size: 4 }, { root: Digest.parse('s'.repeat(43)) }, { chain: 'x' }]) {
      const other = genesis({ n: 2, predecessor: { ...predecessor, ...change } })
      const late = await desk.handIn(ONE, other)
      expect(late).toMatchObject({ why: expect.stringContaining('another size or root') })
    }
  })

  test('opens one chain, though the log servers did not have its genesis in time', async () => {
    const opened = await openRegistrar()
    const late: Chain = {
      ...{ origin: opened.chain.origin, head: () => opened.chain.head(), accepts: () => true },
      append: async (entry) => {
        throw new NotReplicated(await opened.chain.append(entry))
      },
      close: () => opened.chain.close(),
    }
    const atDesk = opened.deskOver(late)
    await expect(atDesk.handIn(ONE, genesis())).rejects.toThrow(NotReplicated)
    expect(await atDesk.handIn(ONE, genesis())).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('/2'),
    })
    expect(opened.view.geneses).toHaveLength(1)
  })

  const MINE: readonly LeafKind[] = ['genesis', 'closure', 'anchor']
  const ORDERED: readonly LeafKind[] = ['access', 'erasure', 'hold', 'pruned', 'release']
  const others = [...KINDS.values()].filter((kind) => ![...MINE, ...ORDERED].includes(kind))

  test.each(others)('puts no %s on record: that is the registrar’s', async (kind) => {
    const record = canonicalJson({ at, gateway: ONE, v: 1 })
    expect(await desk.handIn(ONE, { kind, record })).toEqual({
      kind: 'refused',
      why: `only the registrar records a leaf of kind ${kind}`,
    })
  })

  test.each(ORDERED)('puts no %s on record that nobody ordered, or another one', async (kind) => {
    const opened = await openRegistrar()
    const officers = await opened.record('officers', { at, officers: OFFICERS, v: 1 })
    const unsigned = { ...onlyThe(order(HERS, at)), approvals: [], at, officers, v: 1 }
    for (const gateway of [ONE, OTHER]) {
      const record = canonicalJson({ ...unsigned, gateway })
      expect((await opened.desk.handIn(ONE, { kind, record })).kind).toBe('refused')
    }
    expect(opened.chain.head().size).toBe(1)
  })

  test('reads what is durable, a bounded part at a time', async () => {
    const { chain, view } = await openRegistrar()
    await chain.append({ kind: 'cut', record: '{}' })
    const asked: unknown[] = []
    const journal = { read: (...words: number[]) => (asked.push(words), []) }
    const rules = { clock: { now: () => at }, orderObjection: () => undefined }
    const registry = { chain, view, sha256: documentCrypto.sha256 }
    expect(new RegistrarDesk(registry, journal, rules).commits(0)).toEqual([])
    expect(asked).toEqual([[0, 1, 1024 * 1024]])
  })
})

test('what the registrar has on its way has told the time already: nobody’s older leaf comes behind it', async () => {
  const { chain, desk, record } = await openRegistrar()
  const ahead = Instant.ofMilliseconds(at + 3_600_000)
  const own = record('officers', { at: ahead, officers: OFFICERS, v: 1 })
  expect(await desk.handIn(ONE, genesis())).toEqual({
    kind: 'refused',
    why: "the gateway's clock is 3600 s behind the newest leaf: set it",
  })
  await own
  expect(chain.head().size).toBe(1)
})

test('what is followed is folded once: as it comes, not again by whoever handed it in', async () => {
  const { chain } = await openRegistrar()
  const view = new RegistryView()
  const registry = { chain, view, sha256: documentCrypto.sha256, isFollowed: true } as const
  expect(await appendAll(registry, [genesis()])).toBe(0)
  expect(view.geneses).toEqual([])
})

describe('an order that a gateway hands in', () => {
  let registrar: OpenedRegistrar
  let officers: number
  beforeEach(async () => {
    registrar = await openRegistrar()
    officers = await registrar.record('officers', { at, officers: OFFICERS, v: 1 })
  })

  function erasure(change: object = {}): { kind: 'erasure'; record: string } {
    const replay = verdictOf([])
    const rest = { at, gateway: ONE, officers, replay, subject: SUBJECT }
    const whole = { ...onlyThe(order(HERS, at)), ...rest }
    return { kind: 'erasure', record: canonicalJson({ ...whole, v: 1, ...change }) }
  }

  test('is on record when two listed officers have signed it, once for each pseudonym', async () => {
    const { desk } = registrar
    const { record } = erasure()
    expect((await desk.handIn(ONE, { kind: 'erasure', record })).kind).toBe('recorded')
    expect((await desk.handIn(ONE, { kind: 'erasure', record })).kind).toBe('refused')
    const further = { ...(JSON.parse(record) as object), subject: 'B'.repeat(43) }
    const finished = { kind: 'erasure', record: canonicalJson(further) } as const
    // Whoever is an officer by then, what was begun is finished.
    await registrar.record('officers', { at, officers: [], v: 1 })
    expect((await desk.handIn(ONE, finished)).kind).toBe('recorded')
    expect((await desk.handIn(ONE, erasure())).kind).toBe('refused')
  })

  test.each([
    ['of another gateway', { gateway: OTHER }],
    ['that one officer signed', onlyThe(orderBy(['ERASE-1'], HERS, at))],
    ['that one officer signed twice', onlyThe(orderBy(['ERASE-1', 'ERASE-1'], HERS, at))],
    ['that nobody signed', { approvals: [] }],
    ['with signatures of another one', { approvals: order(HERS, at).approvals }],
    ['for another instance', onlyThe(order({ ...HERS, instance: 'U' }, at))],
    ['by officers whom no leaf names', { officers: 7 }],
    ['with a member more', { name: '王小明' }],
    ['with a name for a pseudonym', { subject: '王小明' }],
    ['for another act', onlyThe(order({ ...HERS, act: 'hold' }, at))],
    ['that has expired', onlyThe(order({ ...HERS, days: 0 }, at))],
  ])('is not on record when it is one %s', async (_how, change) => {
    const entry = erasure(change)
    expect((await registrar.desk.handIn(ONE, entry)).kind).toBe('refused')
    expect(registrar.view.duties.erasures()).toEqual([])
  })

  test('counts under the officers of now: one who was removed signs nothing any more', async () => {
    const entry = erasure()
    const left = OFFICERS.filter(({ id }) => id !== 'ERASE-2')
    await registrar.record('officers', { at, officers: left, v: 1 })
    expect((await registrar.desk.handIn(ONE, entry)).kind).toBe('refused')
  })
})

describe('a gateway that follows a registry', () => {
  let registrar: OpenedRegistrar
  beforeEach(async () => {
    registrar = await openRegistrar()
    await registrar.desk.handIn(ONE, genesis())
    await registrar.desk.handIn(ONE, closure())
  })

  test('has its leaves, its root, and goes on where it stopped', async () => {
    const { desk } = registrar
    const { chain, seen } = await follow(showing((from) => desk.commits(from)))
    expect(seen).toEqual([genesis().record, closure().record])
    expect(chain.head()).toEqual(registrar.chain.head())
    const next = genesis({ n: 2, predecessor })
    await desk.handIn(ONE, next)
    await chain.follow()
    expect(seen.at(-1)).toBe(next.record)
    expect(chain.head()).toEqual(registrar.chain.head())
  })

  test('takes nothing from a registrar who changed, dropped or swapped a byte of it', async () => {
    const { desk } = registrar
    const whole = Buffer.concat(desk.commits(0).map(({ payload }) => payload))
    for (let byte = 0; byte < whole.length; byte += 7) {
      const changed = (from: number): readonly Commit[] => {
        let start = 0
        return desk.commits(from).map((commit) => {
          const payload = Buffer.from(commit.payload)
          const place = byte - start
          if (place >= 0 && place < payload.length) payload[place] = (payload[place] ?? 0) ^ 1
          start += payload.length
          return { ...commit, payload }
        })
      }
      await expect(follow(showing(changed))).rejects.toThrow()
    }
  })

  test.each([
    ['a signature of nobody who is known', (note: string) => `${note}— x ${KEPT_FOR_EVER}\n`],
    // Recovery would refuse to open the journal that holds it.
    ['a line that the registrar signed with it', (note: string) => signedWith('王小明', note)],
  ])('keeps nothing but the checkpoint and its signature: not %s', async (_what, more) => {
    const shown = (from: number): readonly Commit[] =>
      registrar.desk.commits(from).map((commit) => {
        const at = commit.payload.lastIndexOf(`${ORIGIN}\n`)
        const note = Buffer.from(more(commit.payload.toString('utf8', at)))
        return { ...commit, payload: Buffer.concat([commit.payload.subarray(0, at), note]) }
      })
    await expect(follow(showing(shown))).rejects.toThrow(/as the registrar shows it/)
  })

  test('refuses another history under the same key, and keeps the one it has', async () => {
    const { chain } = await follow(showing((from) => registrar.desk.commits(from)))
    const before = chain.head()
    const forked = await openRegistrar()
    await forked.desk.handIn(OTHER, genesis({ gateway: OTHER }))
    for (const name of ['a', 'b', 'c']) {
      await forked.chain.append({ kind: 'cut', record: `{"x":"${name}"}` })
    }
    const disk = new SimDisk()
    const first = await follow(
      showing((from) => registrar.desk.commits(from)),
      disk,
    )
    await first.chain.close()
    await expect(
      follow(
        showing((from) => forked.desk.commits(from)),
        disk,
      ),
    ).rejects.toThrow(/does not continue/)
    expect(chain.head()).toEqual(before)
  })

  test('a crash between leaves and checkpoint is completed with the very note of the registrar', async () => {
    const { desk } = registrar
    const disk = new SimDisk()
    let total = 0
    disk.after = (operation) => {
      if (operation === 'write') total += 1
    }
    const { chain } = await follow(
      showing((from) => desk.commits(from)),
      disk,
    )
    await chain.close()
    // Leaves, checkpoint, leaves, checkpoint: each of the four is the last that gets there.
    for (let last = total - 4; last < total; last += 1) {
      const crashed = new SimDisk()
      let count = 0
      crashed.before = (operation) => {
        if (operation === 'write' && (count += 1) > last) throw new Error('the power is gone')
      }
      await follow(
        showing((from) => desk.commits(from)),
        crashed,
      ).catch(() => undefined)
      const again = await follow(
        showing((from) => desk.commits(from)),
        crashed.kill(),
      )
      expect(again.chain.head()).toEqual(registrar.chain.head())
    }
  })
})
