/** Journal first, always (design D8): what is not durable here is not known to whoever sends. */
import { expect, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import type { LogReader, LogTransport } from '../../gateway/ports/log-transport.ts'
import { replicationOf } from '../harness/replicated-ledger.ts'
import { SimDisk } from '../harness/sim-disk.ts'
import { exchangeOrigin, openOn, put } from '../harness/small-ledger.ts'
import { until } from '../harness/until.ts'

const ORIGIN = exchangeOrigin(1)

test('a commit is handed over for sending only when its fdatasync has ended', async () => {
  const disk = new SimDisk()
  const sizes: number[] = []
  const { chain } = await openOn('/data', exchangeOrigin(1), {
    disk,
    onDurable: ({ first, hashes }) => sizes.push(first + hashes.length),
  })
  await put(chain, 'heads', { first: true })
  const gate = Promise.withResolvers<undefined>()
  disk.gate = gate.promise
  const appending = put(chain, 'heads', { second: true })
  await until(() => leavesOn(disk.kill()) === 2, 'it is written')
  await pause(50)
  expect(sizes).toEqual([1])
  gate.resolve(undefined)
  await appending
  expect(sizes).toEqual([1, 2])
  await chain.close()
})

/** A process was killed between the write of leaf 1 and its fdatasync: the page cache has it, the disk has not. */
async function killedBeforeSync(): Promise<SimDisk> {
  const disk = new SimDisk()
  const { chain } = await openOn('/data', ORIGIN, { disk })
  await put(chain, 'heads', { first: true })
  disk.gate = Promise.withResolvers<undefined>().promise
  void put(chain, 'heads', { second: true })
  await until(() => leavesOn(disk.kill()) === 2, 'it is written')
  const killed = disk.kill()
  expect([leavesOn(killed), leavesOn(killed.durable())]).toEqual([2, 1])
  return killed
}

function leavesOn(disk: SimDisk): number {
  return new CommitReader({ disk, folder: chainFolder('/data', ORIGIN), origin: ORIGIN }).size()
}

test('what a killed process did not sync is durable before it is sent', async () => {
  const disk = await killedBeforeSync()
  const durableAtSend: number[] = []
  const reader: LogReader = {
    read: async (offset) => {
      await pause(5)
      return { messages: [], next: offset, low: 0, high: offset }
    },
    close: () => Promise.resolve(),
  }
  const sender = {
    send: () => Promise.resolve(void durableAtSend.push(leavesOn(disk.durable()))),
    close: () => Promise.resolve(),
  }
  const transport: LogTransport = {
    partitions: 1,
    check: () => Promise.resolve([]),
    openSender: () => Promise.resolve(sender),
    openReader: () => Promise.resolve(reader),
  }
  const opened = await replicationOf('/data', { disk, transport })
  await until(() => durableAtSend.length > 0, 'it is sent')
  await opened.stop()
  expect(durableAtSend).toEqual([2])
})

test('and before anything else is built on it: a power cut after the next start takes nothing', async () => {
  const disk = await killedBeforeSync()
  await openOn('/data', ORIGIN, { disk })
  expect(leavesOn(disk.powerCut(() => 0))).toBe(2)
})
