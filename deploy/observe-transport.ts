/** The log servers, with the time of each send of leaves told. Published checkpoints are no leaves, and of no chain's own. */
import type { LogSender, LogTransport } from '../gateway/ports/log-transport.ts'
import type { Telemetry } from '../gateway/ports/telemetry.ts'
import { decodeCommit } from '../gateway/replication/message.ts'

export function observeTransport(
  transport: LogTransport,
  telemetry: Telemetry | undefined,
): LogTransport {
  if (telemetry === undefined) return transport
  return {
    partitions: transport.partitions,
    check: () => transport.check(),
    openReader: (lane) => transport.openReader(lane),
    openSender: async () => observeSender(await transport.openSender(), telemetry),
  }
}

function observeSender(sender: LogSender, { now, tell }: Telemetry): LogSender {
  return {
    async send(lane, messages) {
      if (lane.topic === 'checkpoints') return sender.send(lane, messages)
      const { topic: chain } = lane
      const counts = messages.map(({ value }) => decodeCommit(value)?.count ?? 0)
      const entries = counts.reduce((sum, count) => sum + count, 0)
      const began = now()
      let stored = false
      try {
        await sender.send(lane, messages)
        stored = true
      } finally {
        tell({ kind: 'replicated', chain, entries, ms: now() - began, stored })
      }
    },
    close: () => sender.close(),
  }
}
