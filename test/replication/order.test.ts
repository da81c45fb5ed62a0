/** Journal first, always (design D8): what is not durable here is not known to whoever sends. */
import { expect, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { SimDisk } from '../harness/sim-disk.ts'
import { exchangeOrigin, openOn, put } from '../harness/small-ledger.ts'

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
  await pause(50)
  expect(sizes).toEqual([1])
  gate.resolve(undefined)
  await appending
  expect(sizes).toEqual([1, 2])
  await chain.close()
})
