/** A fork is proven by two leaves of one index; whoever sends our own leaves back must not keep us busy. */
import { expect, test } from '@jest/globals'
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import { checkpointText } from '../../gateway/ledger/checkpoint.ts'
import { EMPTY_TREE, leafHash } from '../../gateway/ledger/hash.ts'
import { forkProof, isSignedBy } from '../../gateway/replication/fork-proof.ts'
import { MOST_ENTRIES } from '../../gateway/replication/message.ts'
import { SimDisk } from '../harness/sim-disk.ts'
import { exchangeOrigin, gateway, openOn, put } from '../harness/small-ledger.ts'

test('our own leaves under a note with another line prove nothing, and only ours over them are read', async () => {
  const disk = new SimDisk()
  const origin = exchangeOrigin(1)
  const { chain } = await openOn('/data', origin, { disk })
  for (const number of [1, 2, 3]) await put(chain, 'heads', { number })
  const reader = new CommitReader({ disk, folder: chainFolder('/data', origin), origin })
  const [own] = reader.read(0, 3, 1)
  if (own === undefined) throw new Error('there is a first commit')
  const line = Buffer.from('— somebody.example/else AAAAAAAA\n')
  const theirs = { ...own, payload: Buffer.concat([own.payload, line]) }
  const journal = {
    read: (from: number): readonly Commit[] => (from === 0 ? [own, new Untouched(own.count)] : []),
  }
  const { publicKey } = gateway
  expect(forkProof({ origin, size: 3, journal, publicKey }, theirs)).toBeUndefined()
})

test('of leaves that nobody signed none is hashed: the running gateway reads what anybody writes', () => {
  const origin = exchangeOrigin(1)
  const size = MOST_ENTRIES
  const note = `${checkpointText(origin, size, EMPTY_TREE)}\n\u2014 ${origin} ${Buffer.alloc(68, 1).toString('base64')}\n`
  const payload = Buffer.concat([Buffer.alloc(size * 5), Buffer.from(note)])
  const theirs = { first: 0, count: size, payload }
  const how = { ours: { endingAt: () => undefined }, publicKey: gateway.publicKey }
  const asking = cheapestOf(() => {
    expect(isSignedBy(origin, theirs, how)).toBe(false)
  })
  const hashing = cheapestOf(() => {
    for (let leaf = 0; leaf < size; leaf += 1) leafHash(payload.subarray(4, 5))
  })
  expect(asking).toBeLessThan(hashing / 2)
})

/** Microseconds of CPU. */
function cheapestOf(work: () => void): number {
  const took = [1, 2, 3, 4, 5].map(() => {
    const began = process.cpuUsage()
    work()
    const { system, user } = process.cpuUsage(began)
    return system + user
  })
  return Math.min(...took)
}

class Untouched implements Commit {
  readonly count = 1
  readonly first: number
  constructor(first: number) {
    this.first = first
  }
  get payload(): Buffer {
    throw new Error('it was read')
  }
}
