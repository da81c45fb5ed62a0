/**
 * A consumer that asks as often as it can, and the provider that it asks, in a process of their own: who measures must not wait for
 * them. Says `asking` once each of its connections was answered; asks until it is killed. What it is answered does not matter to it.
 *
 *     greedy.program.ts '{"url":…,"tls":…,"asking":…,"connections":64,"provider":{"tls":…,"port":…,"afterMs":1000}}'
 */
import { createServer, Agent } from 'node:https'
import type { ClientIdentity } from '../../deploy/demo/ask.ts'
import { ask, type Asking } from '../harness/system.ts'

export interface Greed {
  readonly url: string
  readonly tls: ClientIdentity
  readonly asking: Asking
  readonly connections: number
  readonly provider: {
    readonly tls: ClientIdentity
    readonly port: number
    readonly afterMs: number
  }
}

const { asking, connections, provider, tls, url } = JSON.parse(process.argv[2] ?? '{}') as Greed
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
await Promise.all(Array.from({ length: connections }, insist))
