/** Commits read back from a journal: all of them, whole, whatever their size and wherever a segment ends. */
import { expect, test } from '@jest/globals'
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import type { DurableLeaves } from '../../gateway/ledger/chain.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import { SimDisk } from '../harness/sim-disk.ts'
import { REGISTRY, exchangeOrigin, openOn, put } from '../harness/small-ledger.ts'

/** Around what is read at a time, and far beyond. */
const SIZES = [10, 2000, 10, 32_000, 32_767, 60_000, 10, 900, 50_000, 10]

test.each([exchangeOrigin(1), REGISTRY])('of %s', async (origin) => {
  const disk = new SimDisk()
  const { chain } = await openOn('/data', origin, { disk })
  const texts: string[] = []
  for (let round = 0; round < 3; round += 1) {
    for (const [at, size] of SIZES.entries()) {
      const text = `${String(round)}-${String(at)}-`.padEnd(size, 'x')
      texts.push(text)
      await put(chain, 'heads', { text })
    }
    // One commit of many, larger than any read.
    const together = SIZES.map((size, at) => `${String(round)}+${String(at)}+`.padEnd(size, 'y'))
    texts.push(...together)
    await Promise.all(together.map((text) => put(chain, 'heads', { text })))
  }
  await chain.close()
  const reader = new CommitReader({ disk, folder: chainFolder('/data', origin), origin })
  expect(reader.size()).toBe(texts.length)
  for (const mostBytes of [1, 40_000, 10_000_000]) {
    const commits: Commit[] = []
    for (let from = 0; from < texts.length;) {
      const read = reader.read(from, texts.length, mostBytes)
      commits.push(...read)
      const last = read.at(-1)
      if (last === undefined) throw new Error(`nothing begins with leaf ${String(from)}`)
      from = last.first + last.count
    }
    const all = Buffer.concat(commits.map(({ payload }) => payload)).toString()
    expect(texts.filter((text) => !all.includes(JSON.stringify({ text })))).toEqual([])
    expect(commits.reduce((sum, { count }) => sum + count, 0)).toBe(texts.length)
  }
  const [middle] = reader.read(7, 8, 1)
  expect([middle?.first, middle?.payload.includes(texts[7] ?? 'none')]).toEqual([7, true])
  expect(reader.read(texts.length, texts.length + 5, 1)).toEqual([])
})

test('a commit is handed on with the bytes that the journal has of it, but where its checkpoint is a frame of its own', async () => {
  for (const origin of [exchangeOrigin(1), REGISTRY]) {
    const disk = new SimDisk()
    const told: (Commit | undefined)[] = []
    const onDurable = ({ first, hashes, payload }: DurableLeaves): void => {
      told.push(payload && { first, count: hashes.length, payload: Buffer.from(payload) })
    }
    const { chain } = await openOn('/data', origin, { disk, onDurable })
    for (const size of SIZES) {
      const together = Array.from({ length: 3 }, () =>
        put(chain, 'heads', { text: 'x'.repeat(size) }),
      )
      await Promise.all(together)
    }
    await chain.close()
    const reader = new CommitReader({ disk, folder: chainFolder('/data', origin), origin })
    const read = reader.read(0, reader.size(), 10_000_000)
    expect(told).toEqual(origin === REGISTRY ? read.map(() => undefined) : read)
    const ends = new Map(read.map((commit) => [commit.first + commit.count, commit]))
    for (let size = 0; size <= reader.size() + 1; size += 1) {
      expect(reader.endingAt(size)).toEqual(ends.get(size))
    }
  }
})
