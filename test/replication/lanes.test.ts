/**
 * A lane as an auditor reads it who trusts the server for nothing: commits that are missing, early, twice, or others; and what somebody
 * who may write there puts among them. What the chain's key did not sign accuses nobody; what it did sign, twice, is never hidden.
 */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EMPTY_TREE } from '../../gateway/ledger/hash.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import { candidateOf } from '../../gateway/replication/candidate.ts'
import { CommitOrder } from '../../gateway/replication/commit-order.ts'
import { laneOf } from '../../gateway/replication/lane-of.ts'
import type { ReadableLog } from '../../gateway/replication/open-lane.ts'
import { SeenCommits } from '../../gateway/replication/seen-commits.ts'
import {
  ORIGIN,
  bytesOf,
  commitsOf,
  copied,
  endOfEntries,
  flippedAt,
  logOf,
  readLanes,
  readLog,
  signedAgain,
  spaced,
  withoutRecords,
  type ReadChain,
} from '../harness/lane-commits.ts'
import { KEYS } from '../harness/small-ledger.ts'

const own = await commitsOf([[1], [2], [3, 4], [5], [6]])
const [one, two, three, five, six] = own as [Commit, Commit, Commit, Commit, Commit]
/** From another disk, with the same key: what a cloned folder writes. It forks at leaf 2, and its commits end elsewhere, too. */
const forked = await commitsOf([[1], [2], [7], [8], [9], [10]])
const [, , seven, eight, nine] = forked as [Commit, Commit, Commit, Commit, Commit, Commit]
const nonsense: Commit = { first: 2, count: 2, payload: Buffer.from('nonsense of some length') }
const GAP = 'index-wrong'

async function read(commits: readonly Commit[], keys?: string): Promise<ReadChain> {
  return readLanes([commits], keys)
}

/** Whatever the order, the chain is read as it is, with these findings. */
async function expectOwn(commits: readonly Commit[], findings: readonly unknown[]): Promise<void> {
  expect(await read(commits)).toEqual({ findings, ends: false, bytes: bytesOf(own) })
}

test('repeats are left out, and what comes before its turn waits', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([...own, ...own, ...own], { minLength: 0, maxLength: 15 }),
      async (some) => {
        await expectOwn([...some, ...own], [])
      },
    ),
  )
})

describe('what the key did not sign is foreign, and the chain is read as it is', () => {
  test('nonsense, before, behind and in place of the own commit', async () => {
    await expectOwn([one, two, nonsense, three, five, six], [['foreign', 2, 3]])
    await expectOwn([one, two, three, nonsense, five, six], [['foreign', 2, 3]])
    await expectOwn([nonsense, one, two, three, five, six], [['foreign', 2, 3]])
    const everywhere = own.flatMap((commit) => [{ ...nonsense, first: commit.first }, commit])
    const found = own.map(({ first }) => ['foreign', first, first + 1])
    await expectOwn(everywhere, found)
  })

  test('at the very end of a chain that goes on, and far beyond it', async () => {
    const end = { ...nonsense, first: 6 }
    const beyond = { ...nonsense, first: 9000 }
    const found = [
      ['foreign', 9000, 9001],
      ['foreign', 6, 7],
    ]
    await expectOwn([...own, end, beyond], found)
  })

  test('a checkpoint of the chain, which anyone can copy, behind other leaves', async () => {
    const forged = copied([seven, eight], three)
    for (const order of [
      [one, two, forged, three, five, six],
      [one, forged, two, three, five, six],
      [one, forged, three, two, five, six],
      [one, three, forged, two, five, six],
      [one, two, three, forged, five, six],
      [...own, forged],
    ]) {
      await expectOwn(order, [['foreign', 2, 3]])
    }
  })

  test('the checkpoint of a later commit behind other leaves in place of several', async () => {
    const forged = copied([seven, eight, nine], five)
    for (const order of [
      [one, two, forged, three, five, six],
      [one, two, three, forged, five, six],
      [...own, forged],
    ]) {
      await expectOwn(order, [['foreign', 2, 4]])
    }
  })

  test('the own leaves, or others, under a checkpoint of another size', async () => {
    for (const forged of [copied([three], two), copied([seven, eight], six)]) {
      for (let place = 0; place <= own.length; place += 1) {
        await expectOwn(own.toSpliced(place, 0, forged), [['foreign', 2, 3]])
      }
    }
  })

  test('own commits in one, in front of them, accuse nobody', async () => {
    const joined = copied([two, three], three)
    for (const order of [
      [one, joined, two, three, five, six],
      [one, three, joined, two, five, six],
      [copied(own, six), ...own],
      [joined, copied([three, five], five), ...own],
    ]) {
      const { ends, findings } = await read(order)
      expect(ends).toBe(false)
      expect(new Set(findings.map(([kind]) => kind))).toEqual(new Set(['foreign']))
    }
  })

  test('the own leaves under a signature that is none, or with another record', async () => {
    const unsigned = flippedAt(three, three.payload.length - 20)
    const otherRecord = flippedAt(three, 10)
    for (const damaged of [unsigned, otherRecord]) {
      await expectOwn([one, two, damaged, three, five, six], [['foreign', 2, 3]])
      await expectOwn([...own, damaged], [['foreign', 2, 3]])
    }
  })
})

describe('no finding', () => {
  test('leaves that came again without the records that were pruned meanwhile', async () => {
    await expectOwn([...own, withoutRecords(three)], [])
  })

  test('a commit that came again with a line of somebody else under its checkpoint', async () => {
    const line = Buffer.from('— somebody.example/else AAAAAAAA\n')
    await expectOwn([...own, { ...two, payload: Buffer.concat([two.payload, line]) }], [])
  })
})

describe('what the key signed twice is a fork', () => {
  test('whichever comes first', async () => {
    const ownFirst = await read([...own, seven, eight, nine])
    expect(ownFirst.findings.toSorted()).toEqual([
      ['fork', 2, 2],
      ['fork', 3, 3],
      ['fork', 4, 4],
    ])
    expect(ownFirst.bytes).toEqual(bytesOf(own))
    const itsFirst = await read([...forked, three, five, six])
    expect(itsFirst.findings.toSorted()).toEqual([
      ['fork', 2, 3],
      ['fork', 4, 4],
      ['fork', 5, 5],
    ])
    expect(itsFirst.bytes).toEqual(bytesOf(forked))
  })

  test('even where it comes without what it stands on', async () => {
    for (const [stray, at] of [
      [nine, 4],
      [eight, 3],
    ] as const) {
      for (let place = 0; place <= own.length; place += 1) {
        await expectOwn(own.toSpliced(place, 0, stray), [['fork', at, at]])
      }
    }
  })

  test('even where its leaves are the same, and only those in front of them are others', async () => {
    const [, , , , sameLeaf] = await commitsOf([[1], [2], [7], [8], [5]])
    await expectOwn([...own, sameLeaf!], [['fork', 4, 4]])
  })

  test('where the short side is read first', async () => {
    for (const order of [
      [one, two, seven, three, five, six],
      [seven, ...own],
      [one, two, seven, three],
    ]) {
      expect((await read(order)).findings[0]).toEqual(['fork', 2, 3])
    }
  })

  test('even where what was signed is no leaf, or has another record beside it', async () => {
    const noLeaf = signedAgain([one, two], spaced(seven))
    for (const signed of [noLeaf, flippedAt(seven, 10)]) {
      await expectOwn([...own, signed], [['fork', 2, 2]])
      await expectOwn([one, two, signed, three, five, six], [['fork', 2, 2]])
    }
  })

  test('at a size at which this chain has no checkpoint', async () => {
    await expectOwn([one, two, seven, ...own].toSpliced(2, 1).concat(seven), [['fork', 2, 2]])
    await expectOwn([one, two, three, seven, five, six], [['fork', 2, 2]])
  })

  test('and is told before anything else that is wrong with the chain ends its reading', async () => {
    const damaged = flippedAt(five, 10)
    const { findings } = await read([one, two, three, eight, damaged, six])
    expect(findings[0]).toEqual(['fork', 3, 3])
  })

  test('also where the chain never comes so far', async () => {
    const itsOwn = copied([seven, eight, nine], five)
    const another = copied([three, nine], nine)
    const { findings } = await read([one, two, itsOwn, another])
    expect(findings[0]).toEqual(['fork', 2, 4])
  })

  test('also on a lane where this chain does not belong', async () => {
    const { partition } = laneOf(ORIGIN, 2)
    const lanes = partition === 0 ? [own, [seven]] : [[seven], own]
    const { bytes, findings } = await readLanes(lanes)
    expect({ bytes, findings }).toEqual({ bytes: bytesOf(own), findings: [['fork', 2, 2]] })
  })
})

describe('a chain that is not whole', () => {
  test('leaves that are missing are told with their range', async () => {
    expect(await read([one, two, five, six])).toMatchObject({ findings: [[GAP, 2, 3]], ends: true })
    expect(await read([three, five])).toMatchObject({ findings: [[GAP, 0, 1]], ends: true })
  })

  test('so are those that a checkpoint of the key covers, and that are not there', async () => {
    const forged = copied([seven, eight, nine], five)
    const { bytes, findings } = await read([one, forged])
    expect({ findings, bytes }).toEqual({ findings: [[GAP, 1, 1]], bytes: bytesOf([one]) })
    const elsewhere = { ...five, first: 2 ** 39 }
    expect(await read([one, two, three, elsewhere])).toMatchObject({
      findings: [[GAP, 4, 4]],
      ends: true,
    })
    const late = await read([one, two, three, forged])
    expect(late).toEqual({
      findings: [[GAP, 4, 4]],
      ends: true,
      bytes: bytesOf([one, two, three]),
    })
  })

  test('the own commit, damaged, is given to the verifier, who says what is wrong with it', async () => {
    for (const at of [10, endOfEntries(three) - 5]) {
      const damaged = flippedAt(three, at)
      const { bytes, ends, findings } = await read([one, two, damaged, five, six])
      expect({ ends, findings }).toEqual({ ends: false, findings: [] })
      const given = bytesOf([one, two, damaged])
      expect(bytes.subarray(0, given.length)).toEqual(given)
    }
  })

  test('what nobody signed is nobody’s: where a commit can’t be told from others’ bytes, its leaves are missing', async () => {
    const noEntries = flippedAt(three, 0)
    const elsewhere = copied([seven], five)
    for (const junk of [
      noEntries,
      nonsense,
      { ...seven, payload: seven.payload.subarray(0, -9) },
    ]) {
      for (const signed of [[five, six], [elsewhere]]) {
        const { bytes, ends, findings } = await read([one, two, junk, ...signed])
        expect({ bytes, ends }).toEqual({ bytes: bytesOf([one, two]), ends: true })
        expect(findings.map(([kind]) => kind)).toEqual(['foreign', GAP])
      }
    }
  })

  test('where only its signature is damaged what follows is read as well', async () => {
    const damaged = flippedAt(three, three.payload.length - 20)
    const { bytes, findings } = await read([one, two, nonsense, damaged, five, six])
    expect(findings).toEqual([['foreign', 2, 3]])
    expect(bytes).toEqual(bytesOf([one, two, damaged, five, six]))
  })

  test('a topic whose beginning was deleted is told, however much of a chain stands behind it', async () => {
    const many = await commitsOf(Array.from({ length: 3000 }, (_, at) => [at]))
    expect(await read(many.slice(7))).toMatchObject({ findings: [[GAP, 0, 6]], ends: true })
    expect((await read([...many.slice(7), ...many.slice(0, 7)])).bytes).toEqual(bytesOf(many))
  })
})

test('a few bytes that claim more leaves than they can hold are no commit, and stand in nobody’s way', async () => {
  const claim = { first: 1, count: 2 ** 32 - 1, payload: Buffer.from('junk') }
  await expectOwn([one, claim, two, three, five, six], [['foreign', 1, 1]])
})

test('where nobody’s key is pinned, nobody can say who signed two stories: no fork', async () => {
  const otherwise = flippedAt(seven, seven.payload.length - 20)
  const { findings } = await read([...own, otherwise], '')
  expect(findings).toEqual([['foreign', 2, 2]])
})

test('whatever stands among its commits, a chain is read as it is, and nothing throws', async () => {
  // Not of the forked: all of one of those, signed as it is, is a fork wherever it stands.
  const pieces = own.map(({ payload }) => payload)
  const part = fc.tuple(fc.constantFrom(...pieces), fc.nat(400), fc.nat(400))
  const junk = fc.record({
    first: fc.oneof(fc.nat(8), fc.maxSafeNat()),
    count: fc.nat(5),
    payload: fc
      .array(
        fc.oneof(
          part.map(([bytes, from, length]) => bytes.subarray(from, from + length)),
          fc.uint8Array({ maxLength: 80 }),
        ),
        { maxLength: 4 },
      )
      .map((some) => Buffer.concat(some)),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(junk, { maxLength: 12 }), fc.nat(), async (some, salt) => {
      const all = [...own]
      for (const [at, one] of some.entries())
        all.splice((salt * (at + 7)) % (all.length + 1), 0, one)
      const { bytes, findings } = await read(all)
      expect(bytes).toEqual(bytesOf(own))
      for (const [kind] of findings) expect(kind).toBe('foreign')
    }),
    { numRuns: 300 },
  )
})

test('a chain that stands on another lane is read there', async () => {
  for (const lanes of [
    [[], own],
    [own, []],
    [own, own],
  ]) {
    expect(await readLanes(lanes)).toEqual({ findings: [], ends: false, bytes: bytesOf(own) })
  }
})

test('a chain that grows while it is read is not short of what somebody copies to another lane meanwhile', async () => {
  const { partition } = laneOf(ORIGIN, 2)
  const here = [one, two]
  const elsewhere = [copied([seven, eight], three)]
  const log = logOf(partition === 0 ? [here, elsewhere] : [elsewhere, here])
  const reads: number[] = []
  const growing: ReadableLog = {
    ...log,
    async openReader(lane) {
      const reader = await log.openReader(lane)
      return {
        ...reader,
        read(offset, waitMs) {
          const answer = reader.read(offset, waitMs)
          reads.push(lane.partition)
          // The gateway sends it after this lane was looked at; its copy is seen a moment later.
          if (lane.partition === partition && here.length === 2) here.push(three)
          return answer
        },
      }
    },
  }
  expect(await readLog(growing)).toEqual({
    findings: [['foreign', 2, 3]],
    ends: false,
    bytes: bytesOf([one, two, three]),
  })
  expect(new Set(reads)).toEqual(new Set([0, 1]))
})

test('what comes too early is held up to a bound, and what waited and was taken does not count any more', async () => {
  const many = await commitsOf(Array.from({ length: 40 }, (_, at) => [at]))
  const bound = 4 * (many[0]?.payload.length ?? 0)
  const whole = { origin: ORIGIN, key: parsePinnedKeys(KEYS).forChain(ORIGIN) }
  const taken = (order: readonly Commit[]): number => {
    let count = 0
    const commits = new CommitOrder({ take: () => (count += 1), tell: () => undefined }, bound)
    for (const [offset, one] of order.entries()) {
      if (!commits.offer(candidateOf(one, { partition: 0, offset }, whole))) break
    }
    return count
  }
  const swapped = many.map((_, at) => many[at ^ 1]!)
  expect(taken(swapped)).toBe(40)
  expect(taken([...many.slice(1), ...many])).toBe(0)
})

test('what was read is known after many, by where it begins and where it ends', () => {
  const seen = new SeenCommits()
  const hashOf = (at: number): string => String(at).padStart(32)
  for (let at = 0; at < 5000; at += 1) seen.add((at + 1) * 3, hashOf(at), hashOf(-at))
  expect([0, 3, 4500, 14_997].map((first) => seen.leavesFrom(first))).toEqual(
    [0, 1, 1500, 4999].map(hashOf),
  )
  expect([3, 4503, 15_000].map((size) => seen.rootAt(size))).toEqual([0, -1500, -4999].map(hashOf))
  for (const none of [1, 14_998, 15_000, 15_001]) expect(seen.leavesFrom(none)).toBeUndefined()
  expect(seen.rootAt(0)).toBe(EMPTY_TREE)
  for (const none of [1, 14_998, 15_001]) expect(seen.rootAt(none)).toBeUndefined()
})
