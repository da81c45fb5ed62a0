/**
 * A consumer that asks as often as it can: `greedy.program.ts '{"url":…,"tls":…,"asking":…,"connections":64}'`, until it is killed. What it is
 * answered does not matter to it.
 */
import { Agent } from 'node:https'
import type { ClientIdentity } from '../../deploy/demo/ask.ts'
import { ask, type Asking } from '../harness/system.ts'

export interface Greed {
  readonly url: string
  readonly tls: ClientIdentity
  readonly asking: Asking
  readonly connections: number
}

const { asking, connections, tls, url } = JSON.parse(process.argv[2] ?? '{}') as Greed
const agent = new Agent({ keepAlive: true, maxSockets: connections })

async function insist(): Promise<never> {
  for (;;) await ask(new URL(url), tls, { ...asking, agent }).catch(() => undefined)
}

await Promise.all(Array.from({ length: connections }, insist))
