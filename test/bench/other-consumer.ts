import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { ENROLMENT } from '../harness/departments.ts'
import { LABOUR, scenarioNamed, type System } from '../harness/system.ts'
import type { OtherConsumer } from './other-consumer.program.ts'
import { CORE_OF_LOAD } from './variants.ts'

export interface Manners {
  readonly connections: number
  /** Absent: as often as it can. */
  readonly everyMs?: number
  /** How long its provider takes. */
  readonly afterMs: number
}

interface Where {
  readonly system: System
  readonly url: URL
  /** Where its provider is to listen. */
  readonly port: number
}

/** Its handshakes are over when this resolves. */
export async function startOtherConsumer(
  { port, system, url }: Where,
  { afterMs, ...manners }: Manners,
): Promise<ChildProcess> {
  const consumer: OtherConsumer = {
    ...manners,
    url: url.href,
    tls: system.world.identityOf('subsystem', LABOUR),
    asking: scenarioNamed('S3'),
    provider: { tls: system.world.identityOf('subsystem', ENROLMENT), port, afterMs },
  }
  const program = new URL('other-consumer.program.ts', import.meta.url).pathname
  // Behind the neighbour on their core: how long that waits for the other consumer's process says nothing of the gateway.
  const words = ['-n', '19', 'taskset', '-c', CORE_OF_LOAD, process.execPath, program]
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const other = spawn('nice', [...words, JSON.stringify(consumer)], { stdio: [...stdio] })
  await once(other.stdout, 'data')
  return other
}
