/** Health from the first moment of the start to the last of the stop; its listener where the configuration has one. */
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeHealthListener } from '../gateway/http/health.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import { failing, Health, ok } from '../gateway/ports/health.ts'
import type { Report } from '../gateway/ports/telemetry.ts'
import type { GatewayConfig } from './config.ts'
import { HEALTH_BOUNDS } from './config/health.ts'
import { addEventLoopCheck } from './event-loop-check.ts'
import { tellHealth } from './tell-health.ts'

export interface OpenedHealth {
  readonly health: Health
  /** Undefined where nothing listens. */
  readonly url: URL | undefined
  ready(): void
  stopping(): void
  close(): Promise<void>
}

/** A start, a stop and a SIGHUP say themselves what becomes of them. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['gateway', 'reload'])

export async function openHealth(
  config: GatewayConfig,
  {
    clock,
    metrics,
    report,
  }: {
    readonly clock: Clock
    readonly metrics?: RequestListener | undefined
    readonly report: Report
  },
): Promise<OpenedHealth> {
  const health = new Health(clock)
  const phase = (finding: ReturnType<typeof ok>): void => {
    health.add('gateway', () => finding)
  }
  phase(failing('it is starting: keys, ledger, documents and rules are read', 'Wait.'))
  const listener =
    config.health && (await listen(config.health, makeHealthListener({ health, metrics })))
  const eventLoop = addEventLoopCheck(health, config.health ?? HEALTH_BOUNDS)
  // So that `since` is right whoever asks when.
  const tell = tellHealth(report, TOLD_ELSEWHERE)
  let isStopping = false
  const looking = setInterval(() => {
    const report = health.report()
    // What is closed one after the other is no news then.
    if (!isStopping) tell(report)
  }, 1000).unref()
  return {
    health,
    url: listener?.url,
    ready: () => {
      phase(ok('it takes requests'))
    },
    stopping: () => {
      isStopping = true
      phase(failing('it is stopping: what is under way is finished', 'Ask another gateway.'))
    },
    async close() {
      clearInterval(looking)
      eventLoop.close()
      await listener?.close()
    },
  }
}

async function listen(
  { host, port }: { readonly host: string; readonly port: number },
  server: ReturnType<typeof makeHealthListener>,
): Promise<{ readonly url: URL; close(): Promise<void> }> {
  server.listen(port, host)
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo
  const shown = host.includes(':') ? `[${host}]` : host
  return {
    url: new URL(`http://${shown}:${String(bound)}`),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
