/** The log servers, with the time of each send told. */
import type { LogSender, LogTransport } from '../gateway/ports/log-transport.ts'
import type { ChainName, Telemetry } from '../gateway/ports/telemetry.ts'

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
      const began = now()
      let stored = false
      try {
        await sender.send(lane, messages)
        stored = true
      } finally {
        const chain: ChainName = lane.topic === 'exchange' ? 'exchange' : 'registry'
        tell({ kind: 'replicated', chain, entries: messages.length, ms: now() - began, stored })
      }
    },
    close: () => sender.close(),
  }
}
