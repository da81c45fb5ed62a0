/**
 * Another consumer, and the provider that it asks, in a process of their own: who measures must not wait for them. It asks at a steady
 * pace, or as often as it can. Says `asking` once it was answered on each of its connections; asks until it is killed. What it is answered
 * does not matter to it.
 *
 *     other-consumer.program.ts '{"url":…,"tls":…,"asking":…,"connections":64,"everyMs":50,"provider":{"tls":…,"port":…,"afterMs":5000}}'
 */
import { createServer, Agent } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import type { ClientIdentity } from '../../deploy/demo/ask.ts'
import { ask, type Asking } from '../harness/system.ts'

export interface OtherConsumer {
  readonly url: string
  readonly tls: ClientIdentity
  readonly asking: Asking
  readonly connections: number
  /** Whatever becomes of the question before; absent: as soon as it is answered, on every connection. */
  readonly everyMs?: number
  readonly provider: {
    readonly tls: ClientIdentity
    readonly port: number
    readonly afterMs: number
  }
}

const { asking, connections, everyMs, provider, tls, url } = JSON.parse(
  process.argv[2] ?? '{}',
) as OtherConsumer
const agent = new Agent({ keepAlive: true, maxSockets: connections })

const server = createServer({ ...provider.tls, requestCert: true }, (request, response) => {
  const subjectId = request.url?.split('/').at(-1)
  setTimeout(() => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ subjectId, isInsured: true, insuredCategory: '1' }))
  }, provider.afterMs)
})
server.listen(provider.port, '127.0.0.1')

async function once(): Promise<void> {
  await ask(new URL(url), tls, { ...asking, agent }).catch(() => undefined)
}

async function insist(): Promise<never> {
  for (;;) await once()
}

await Promise.all(Array.from({ length: connections }, once))
process.stdout.write('asking\n')
if (everyMs === undefined) await Promise.all(Array.from({ length: connections }, insist))
else {
  for (;;) {
    void once()
    await pause(everyMs)
  }
}
