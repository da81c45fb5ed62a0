/** What a process of a simulated world can no longer do once it is dead. */
import type { LogTransport } from '../../gateway/ports/log-transport.ts'

/** The connections of a process end with it; what was on its way may arrive all the same. */
export function whileAlive(
  transport: LogTransport,
  process: { readonly isAlive: boolean },
): LogTransport {
  const alive = <T>(work: () => Promise<T>): Promise<T> => (process.isAlive ? work() : never())
  return {
    ...transport,
    check: () => alive(() => transport.check()),
    openSender: () =>
      alive(async () => {
        const sender = await transport.openSender()
        return { ...sender, send: (lane, messages) => alive(() => sender.send(lane, messages)) }
      }),
    openReader: (lane) =>
      alive(async () => {
        const reader = await transport.openReader(lane)
        return { ...reader, read: (offset, waitMs) => alive(() => reader.read(offset, waitMs)) }
      }),
  }
}

/** Of a process that is dead. One each time: whoever waits for it is forgotten with it. */
export async function never(): Promise<never> {
  return new Promise<never>(() => {
    // Nobody is there who could go on.
  })
}
