import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { LedgerFault } from '../../gateway/ledger/chain.ts'
import { LedgerUnavailable } from '../../gateway/ledger/entry.ts'
import type { Entry } from '../../gateway/ledger/entry.ts'
import { digestOf, leafHashOf } from '../../gateway/ledger/hash.ts'
import { noteKey, parseCheckpoint, parseNote, signersOf } from '../../gateway/ledger/note.ts'
import { rootFromInclusion } from '../../gateway/ledger/proofs.ts'
import { ED25519 } from '../../gateway/ledger/signer.ts'
import type { LogSigner } from '../../gateway/ledger/signer.ts'
import { parseProof } from '../../gateway/ledger/tlog-proof.ts'
import { memoryChain, testSigner, type MemoryChain } from '../harness/memory-ledger.ts'

function entry(number: number, finishes = false): Entry {
  return { kind: 'heads', record: `{"n":${number}}`, finishes }
}

/** A signer that keeps what it signed. */
function watched(): { signer: LogSigner; signed: string[] } {
  const inner = testSigner(1)
  const signed: string[] = []
  return {
    signed,
    signer: {
      publicKey: inner.publicKey,
      sign: (bytes) => {
        signed.push(Buffer.from(bytes).toString())
        return inner.sign(bytes)
      },
    },
  }
}

test('nothing is answered before it is durable', async () => {
  const chain = memoryChain()
  const release = chain.hold()
  let answered = false
  const recording = chain.append(entry(1)).then(() => (answered = true))
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
  expect(answered).toBe(false)
  expect(chain.head().size).toBe(0)
  release()
  await recording
  expect(chain.head().size).toBe(1)
})

test('entries get indices in the order of the calls, whatever batches they fall into', async () => {
  const chain = memoryChain()
  const recorded = await Promise.all(
    Array.from({ length: 5000 }, (_, at) => chain.append(entry(at))),
  )
  expect(recorded.map(({ index }) => index)).toEqual(recorded.map((_, at) => at))
  expect(chain.entries.map(({ record }) => record)).toEqual(recorded.map((_, at) => `{"n":${at}}`))
})

test('what waits while a batch is being written becomes one batch, of 4,096 at most', async () => {
  const { signer, signed } = watched()
  const chain = memoryChain('T/x', { signer })
  const release = chain.hold()
  const first = chain.append(entry(0))
  await nextTurn()
  const rest = Array.from({ length: 5000 }, (_, at) => chain.append(entry(at)))
  release()
  await Promise.all([first, ...rest])
  expect(signed.map((text) => Number(text.split('\n')[1]))).toEqual([1, 4097, 5001])
})

describe('under load', () => {
  /** A chain whose turns of the event loop are ended by hand, and the sizes that it signed. */
  function withTurns(): { chain: MemoryChain; sizes: () => number[]; turn: () => Promise<void> } {
    const { signer, signed } = watched()
    const waiting: (() => void)[] = []
    const chain = memoryChain('T/x', { signer, soon: (go) => waiting.push(go) })
    const turn = async (): Promise<void> => {
      for (const go of waiting.splice(0)) go()
      await nextTurn()
    }
    return { chain, turn, sizes: () => signed.map((text) => Number(text.split('\n')[1])) }
  }

  test('a batch waits while each turn brings more records', async () => {
    const { chain, sizes, turn } = withTurns()
    const all = [1, 2].map((at) => chain.append(entry(at)))
    await turn()
    all.push(chain.append(entry(3)))
    await turn()
    expect(sizes()).toEqual([])
    await turn()
    expect(sizes()).toEqual([3])
    await Promise.all(all)
  })

  test('one record alone does not wait for another', async () => {
    const { chain, sizes, turn } = withTurns()
    const one = chain.append(entry(1))
    await turn()
    expect(sizes()).toEqual([1])
    await one
  })

  test('a batch that is large already does not wait', async () => {
    const { chain, sizes, turn } = withTurns()
    const all = Array.from({ length: 64 }, (_, at) => chain.append(entry(at)))
    await turn()
    expect(sizes()).toEqual([64])
    await Promise.all(all)
  })

  test('a batch does not wait for ever, however long the load lasts', async () => {
    const { chain, sizes, turn } = withTurns()
    const all = [chain.append(entry(0)), chain.append(entry(1))]
    for (let turns = 0; turns < 9; turns += 1) {
      expect(sizes()).toEqual([])
      await turn()
      all.push(chain.append(entry(turns)))
    }
    expect(sizes()).toEqual([10])
    while (chain.head().size < all.length) await turn()
    await Promise.all(all)
  })

  test('close ends a batch that waits, and loses nothing of it', async () => {
    const { chain, sizes, turn } = withTurns()
    const all = [chain.append(entry(0)), chain.append(entry(1))]
    await turn()
    const closing = chain.close()
    await turn()
    await Promise.all([...all, closing])
    expect(sizes()).toEqual([2])
  })
})

test('a leaf names its record, and its receipt proves it in the signed checkpoint', async () => {
  const chain = memoryChain('T/exchange/gw/1')
  const recorded = await Promise.all(Array.from({ length: 37 }, (_, at) => chain.append(entry(at))))
  for (const { index, leaf, receipt } of recorded.map((each) => ({
    ...each,
    leaf: each.leaf,
    receipt: each.receipt(Buffer.from('{"any":"bytes"}')),
  }))) {
    expect(leaf).toBe(`{"kind":"heads","record":"${digestOf(`{"n":${index}}`)}","v":1}`)
    const proof = parseProof(receipt)!
    const note = parseNote(proof.note)!
    const { root, size } = parseCheckpoint(note.text)!
    expect(proof.extra?.toString()).toBe('{"any":"bytes"}')
    expect(
      signersOf(note, [noteKey('T/exchange/gw/1', ED25519, chain.signer.publicKey)]),
    ).toHaveLength(1)
    expect(rootFromInclusion(leafHashOf(leaf), { index: proof.index, size }, proof.path)).toBe(root)
  }
})

test('a record longer than a leaf may be is refused alone, and the chain goes on', async () => {
  const chain = memoryChain()
  const long = { kind: 'heads', record: `"${'長'.repeat(22_000)}"` } as const
  const [refused, good] = await Promise.allSettled([chain.append(long), chain.append(entry(1))])
  expect(refused.status).toBe('rejected')
  expect(good.status).toBe('fulfilled')
  const longest = { kind: 'heads', record: `"${'x'.repeat(65_533)}"` } as const
  await expect(chain.append(longest)).resolves.toMatchObject({ index: 1 })
})

test('a backlog at its bound refuses at once, except what finishes an exchange', async () => {
  const chain = memoryChain('T/x', { limits: { queueEntries: 3 } })
  const release = chain.hold()
  const begun = chain.append(entry(0))
  await nextTurn()
  const waiting = [1, 2, 3].map((at) => chain.append(entry(at)))
  expect(chain.accepts()).toBe(false)
  await expect(chain.append(entry(4))).rejects.toBeInstanceOf(LedgerUnavailable)
  const outcome = chain.append(entry(5, true))
  release()
  await Promise.all([begun, outcome, ...waiting])
  expect(chain.accepts()).toBe(true)
  expect(chain.entries).toHaveLength(5)
})

test('a backlog is bounded in bytes as well', async () => {
  const chain = memoryChain('T/x', { limits: { queueBytes: 100 } })
  const release = chain.hold()
  const begun = chain.append(entry(0))
  await nextTurn()
  const large = chain.append({ kind: 'heads', record: `"${'x'.repeat(120)}"` })
  await expect(chain.append(entry(1))).rejects.toBeInstanceOf(LedgerUnavailable)
  release()
  await Promise.all([begun, large])
})

test('on a full disk what begins is refused and what finishes is recorded', async () => {
  const chain = memoryChain()
  chain.room = 'finishes'
  expect(chain.accepts()).toBe(false)
  await expect(chain.append(entry(1))).rejects.toBeInstanceOf(LedgerUnavailable)
  await expect(chain.append(entry(2, true))).resolves.toMatchObject({ index: 0 })
})

test('a disk that fills while entries wait refuses the ordinary ones of the batch, and nothing was signed over them', async () => {
  const { signer, signed } = watched()
  const chain = memoryChain('T/x', { signer })
  const release = chain.hold()
  const begun = chain.append(entry(0))
  await nextTurn()
  const [ordinary, outcome] = [chain.append(entry(1)), chain.append(entry(2, true))]
  const refused = expect(ordinary).rejects.toBeInstanceOf(LedgerUnavailable)
  chain.room = 'finishes'
  release()
  await Promise.all([begun, refused])
  await expect(outcome).resolves.toMatchObject({ index: 1 })
  expect(signed).toHaveLength(2)
})

describe('when a write fails', () => {
  test('everyone who waits learns that the outcome is unknown, and nothing is signed any more', async () => {
    const { signer, signed } = watched()
    const faults: LedgerFault[] = []
    const chain = memoryChain('T/x', { signer, onFatal: (fault) => faults.push(fault) })
    await chain.append(entry(0))
    const release = chain.hold()
    const written = chain.append(entry(1))
    await nextTurn()
    const waiting = chain.append(entry(2))
    const both = Promise.allSettled([written, waiting])
    chain.failNextWrite()
    release()
    for (const result of await both) {
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'LedgerFault' } })
    }
    expect(faults).toHaveLength(1)
    const before = signed.length
    await expect(chain.append(entry(3))).rejects.toBeInstanceOf(LedgerFault)
    await expect(chain.append(entry(4, true))).rejects.not.toBeInstanceOf(LedgerUnavailable)
    expect(signed).toHaveLength(before)
    expect(chain.accepts()).toBe(false)
    await chain.close()
  })
})

test('close waits for what is queued and refuses what comes later', async () => {
  const chain = memoryChain()
  const waiting = [1, 2, 3].map((at) => chain.append(entry(at)))
  await chain.close()
  await expect(Promise.all(waiting)).resolves.toHaveLength(3)
  await expect(chain.append(entry(4))).rejects.toBeInstanceOf(LedgerUnavailable)
})

test('a changed head stands in front of the batch, but nothing in front of leaf 0', async () => {
  let told = false
  const chain = memoryChain('T/x', {
    beforeBatch: () => {
      if (told) return []
      told = true
      return [{ kind: 'heads', record: '{"head":1}' }]
    },
  })
  const opening = await chain.append({ kind: 'opening', record: '{}' })
  const next = await chain.append({ kind: 'seal', record: '{}' })
  expect([opening.index, next.index]).toEqual([0, 2])
  expect(chain.entries[1]).toMatchObject({ kind: 'heads', record: '{"head":1}' })
})

test('two phases: leaves are durable before the checkpoint over them is signed', async () => {
  const { signer, signed } = watched()
  const chain = memoryChain('T/registry', { signer, twoPhase: true })
  const release = chain.hold()
  const recording = chain.append(entry(1))
  for (let turn = 0; turn < 10; turn += 1) await nextTurn()
  expect(signed).toEqual([])
  release()
  await recording
  expect(signed).toHaveLength(1)
})
