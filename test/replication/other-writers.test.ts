/** A folder that was cloned or put back from a backup, and whoever else writes under our name (design D7, L6, L7). */
import { expect, test } from '@jest/globals'
import { readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { decodeCommit, encodeCommit } from '../../gateway/replication/message.ts'
import { isForkProven, type ForkProof } from '../../gateway/replication/fork-proof.ts'
import {
  brokerOfEachTest,
  replicatedLedger,
  transportTo,
  type ReplicatedLedger,
} from '../harness/replicated-ledger.ts'
import { everythingOn } from '../harness/replication.ts'
import { exchangeOrigin, gateway, registrar } from '../harness/small-ledger.ts'
import { until } from '../harness/until.ts'

const broker = brokerOfEachTest()
const LANE = { topic: 'exchange', partition: 0 } as const

test('a cloned folder: two processes write one chain, and the fork is proven by both signatures', async () => {
  const transport = transportTo(broker().address)
  // Both begin the same chain before either has sent anything.
  await using one = await replicatedLedger({ transport })
  await using other = await replicatedLedger({ transport })
  await together([one, 1], [other, 2])
  const found = await whoFound(one, other)
  expect(found.chain.accepts()).toBe(false)
  const proof = JSON.parse(proofIn(found.data, 'fork')) as ForkProof
  expect([proof.chain, proof.index]).toEqual([one.origin, 0])
  expect(isForkProven(proof, gateway.publicKey)).toBe(true)
  expect(isForkProven(proof, registrar.publicKey)).toBe(false)
  expect(isForkProven({ ...proof, theirs: proof.ours }, gateway.publicKey)).toBe(false)
  expect(found.reports[0]).toContain(`${one.origin}: the log servers have other leaves`)
})

test('a fork in the middle of a chain names the first leaf that differs', async () => {
  const transport = transportTo(broker().address)
  await using one = await replicatedLedger({ transport })
  await using other = await replicatedLedger({ transport })
  for (const number of [1, 2, 3]) await together([one, number], [other, number])
  const { size } = one.chain.head()
  await together([one, 4], [other, 5])
  const found = await whoFound(one, other)
  const proof = JSON.parse(proofIn(found.data, 'fork')) as ForkProof
  expect(proof.index).toBe(size)
  expect(isForkProven(proof, gateway.publicKey)).toBe(true)
})

test('a folder that is behind what was sent is refused at the start, before it appends anything', async () => {
  const transport = transportTo(broker().address)
  const ledger = await replicatedLedger({ transport })
  await ledger.put(1)
  const backup = ledger.clone()
  await ledger.put(2)
  await ledger[Symbol.asyncDispose]()
  await expect(replicatedLedger({ transport, data: backup, n: 2 })).rejects.toThrow(
    /cloned, or restored from a backup/,
  )
  expect(proofIn(backup, 'ahead')).toContain('"index": 1')
})

test('a chain of ours that this folder does not know is refused as well', async () => {
  const transport = transportTo(broker().address)
  const ledger = await replicatedLedger({ transport, n: 7 })
  await ledger.put(1)
  await ledger[Symbol.asyncDispose]()
  await expect(replicatedLedger({ transport })).rejects.toThrow(/cloned, or restored/)
})

test('who does not have our key and writes under our name is told and passed over, at the next start as well', async () => {
  const transport = transportTo(broker().address)
  const ledger = await replicatedLedger({ transport })
  await ledger.put(1)
  const [{ value = Buffer.alloc(0) } = {}] = await everythingOn(transport, LANE)
  const note = value.subarray(value.indexOf(ledger.origin))
  const payload = Buffer.from('nonsense')
  const genuine = decodeCommit(value)
  if (genuine === undefined) throw new Error('ours is no commit')
  // What we signed, which anybody may have seen, behind another leaf; and at another place.
  const altered = Buffer.from(genuine.payload)
  altered.write('X', altered.indexOf('"record"'))
  const replayed = [
    encodeCommit({ ...genuine, payload: altered }),
    encodeCommit({ ...genuine, first: genuine.first + 5 }),
    encodeCommit({ ...genuine, first: 900 }),
  ]
  const sender = await transport.openSender()
  await sender.send(LANE, [
    { key: 'T/exchange/T/GOV/X/other/1', value: payload },
    { key: ledger.origin, value: payload },
    { key: ledger.origin, value: encodeCommit({ first: 0, count: 1, payload }) },
    { key: exchangeOrigin(7), value: encodeCommit({ first: 0, count: 1, payload: note }) },
    { key: ledger.origin, value: encodeCommit({ first: 1, count: 1, payload }) },
    ...replayed.map((value) => ({ key: ledger.origin, value })),
  ])
  await sender.close()
  await until(() => ledger.opened.replication.alarms.has('foreign'), 'it is told')
  await ledger.put(2)
  await until(() => !ledger.opened.replication.isBehind, 'all of ours is read back')
  expect([...ledger.opened.replication.alarms]).toEqual(['foreign'])
  expect(ledger.reports).toEqual([
    expect.stringMatching(/gw1\/1: somebody who does not have our key wrote under this name/),
  ])
  await ledger.crash()
  rmSync(join(ledger.data, 'ledger/replication.json'), { force: true })
  await using next = await replicatedLedger({ transport, data: ledger.data, n: 2 })
  expect((await next.put(3)).index).toBe(0)
})

/** Each has the other's place in its own journal before either is stored: so they can't see each other coming. */
async function together(
  ...writing: readonly (readonly [ReplicatedLedger, number])[]
): Promise<void> {
  const sizes = writing.map(([{ chain }]) => chain.head().size)
  const areJournalled = (): boolean =>
    writing.every(([{ chain }], at) => chain.head().size > (sizes[at] ?? 0))
  const stalled = until(areJournalled, 'both are in their journals')
  broker().script.add('Produce', ...writing.map(() => ({ kind: 'stall', until: stalled }) as const))
  await Promise.allSettled(writing.map(([ledger, number]) => ledger.put(number)))
  await stalled
}

async function whoFound(...ledgers: readonly ReplicatedLedger[]): Promise<ReplicatedLedger> {
  const finders = (): readonly ReplicatedLedger[] =>
    ledgers.filter(({ opened }) => opened.replication.alarms.has('diverged'))
  await until(() => finders().length > 0, 'the fork is found')
  const [found] = finders()
  if (found === undefined) throw new Error('nobody found it')
  return found
}

function proofIn(data: string, kind: string): string {
  const folder = join(data, 'ledger/proofs')
  const name = readdirSync(folder).find((file) => file.startsWith(`${kind}-`))
  return readFileSync(join(folder, name ?? 'none'), 'utf8')
}
