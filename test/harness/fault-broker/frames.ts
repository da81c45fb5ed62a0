import type { Duplex } from 'node:stream'

/** Kafka's requests and answers: each stands behind its length in four octets. */
export async function* frames(stream: Duplex): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0)
  for await (const chunk of stream) {
    held = Buffer.concat([held, chunk as Buffer])
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0)
      yield held.subarray(4, end)
      held = held.subarray(end)
    }
  }
}
