/** What is told of a send: leaves by their number, and nothing of checkpoints. */
import { expect, test } from '@jest/globals'
import { observeTransport } from '../../deploy/observe-transport.ts'
import type { LogTransport } from '../../gateway/ports/log-transport.ts'
import { NO_TELEMETRY, type TelemetryEvent } from '../../gateway/ports/telemetry.ts'
import { encodeCommit } from '../../gateway/replication/message.ts'

test('a send is told with its leaves, stored or not; published checkpoints are none', async () => {
  const told: TelemetryEvent[] = []
  let isAway = false
  const transport: LogTransport = {
    partitions: 1,
    check: () => Promise.resolve([]),
    openReader: () => Promise.reject(new Error('nobody reads')),
    openSender: () =>
      Promise.resolve({
        send: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve()),
        close: () => Promise.resolve(),
      }),
  }
  const telemetry = { ...NO_TELEMETRY, tell: (event: TelemetryEvent) => told.push(event) }
  const sender = await observeTransport(transport, telemetry).openSender()
  const messages = [3, 4].map((count) => {
    const value = encodeCommit({
      first: 0,
      count,
      payload: Buffer.from('as many entries as it says'),
    })
    return { key: 'T/exchange/x/1', value }
  })
  await sender.send({ topic: 'exchange', partition: 0 }, messages)
  await sender.send({ topic: 'checkpoints', partition: 0 }, messages)
  isAway = true
  const lost = sender.send({ topic: 'registry', partition: 0 }, messages.slice(1))
  await expect(lost).rejects.toThrow('away')
  expect(told).toEqual([
    { kind: 'replicated', chain: 'exchange', entries: 7, ms: 0, stored: true },
    { kind: 'replicated', chain: 'registry', entries: 4, ms: 0, stored: false },
  ])
})
