/**
 * Traces, metrics and the log of a served gateway, from its configuration. Opened before anything else and closed after it, so that
 * the start and the stop are told as well.
 */
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { openLog, type Log } from '../adapters/log-pino/open-log.ts'
import type { AddressOf } from '../adapters/telemetry-otel/metrics.ts'
import { OpenTelemetry, type Exported } from '../adapters/telemetry-otel/open.ts'
import type { Gauge, Gauges, Telemetry, Urgency } from '../gateway/ports/telemetry.ts'
import { subsystemOf, type ServiceId } from '../policies/vocabulary.ts'
import type { GatewayConfig } from './config.ts'
import type { TelemetrySection } from './config/telemetry.ts'

export interface OpenedTelemetry {
  readonly telemetry: Telemetry
  /** Answers `GET /metrics` in Prometheus's text format 0.0.4. */
  readonly metrics: RequestListener
  /** What a part says when it is asked; one that throws is left out. */
  readonly watch: (gauges: Gauges) => void
  /** A sentence for the operator, with who must act. */
  readonly notice: (urgency: Urgency, sentence: string) => void
  /** Writes what was told before it returns: the process is about to end. */
  readonly flushNow: () => void
  /** Hands over what is left, for a few seconds at most. */
  readonly close: () => Promise<void>
}

export function openTelemetry(config: GatewayConfig, section: TelemetrySection): OpenedTelemetry {
  const { collector, traceShare } = section
  const watched: Gauges[] = []
  const exports = new Exports()
  const otel = new OpenTelemetry({
    gateway: config.gateway,
    version: versionOf(),
    addressOf: addressIn(config),
    gauges: () => watched.flatMap(ask),
    collector,
    onExport: (what, taken) => {
      exports.took(what, taken, notice)
    },
  })
  const log = logOf(config, section, otel.now)
  watched.push(() => [
    { name: 'gongdao.log.dropped', value: log.dropped() },
    { name: 'gongdao.telemetry.failures', value: exports.failures },
  ])
  const telemetry: Telemetry = {
    now: otel.now,
    sampling: traceShare,
    tell(event) {
      otel.tell(event)
      log.tell(event)
    },
  }
  function notice(urgency: Urgency, sentence: string): void {
    telemetry.tell({ kind: 'notice', urgency, sentence })
  }
  return {
    telemetry,
    metrics: (_request, response) => {
      response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
      response.end(otel.prometheus())
    },
    watch: (gauges) => watched.push(gauges),
    notice,
    flushNow: () => {
      log.flushNow()
    },
    async close() {
      await otel.close()
      await log.close()
    },
  }
}

function logOf(config: GatewayConfig, { log }: TelemetrySection, now: () => number): Log {
  const STANDARD_OUTPUT = 1
  return openLog({
    level: log.level,
    to: log.file ?? STANDARD_OUTPUT,
    gateway: config.gateway,
    now,
  })
}

/** Of each kind told once when it begins and once when it ends: a collector may be away for days. */
class Exports {
  failures = 0
  readonly #refused = new Set<Exported>()

  took(what: Exported, taken: boolean, notice: OpenedTelemetry['notice']): void {
    if (!taken) this.failures += 1
    if (taken !== this.#refused.has(what)) return
    if (taken) {
      this.#refused.delete(what)
      notice('nobody', `the collector takes ${what} again`)
    } else {
      this.#refused.add(what)
      notice(
        'watch',
        `the collector does not take ${what}: is it running, does it accept them, and is telemetry.collector.url its address? Exchanges go on`,
      )
    }
  }
}

/** What can't be asked is left out, and the others are told. */
function ask(gauges: Gauges): readonly Gauge[] {
  try {
    return gauges()
  } catch {
    return []
  }
}

/** A service's own address comes before its subsystem's, as in adapters/provider-rest. */
function addressIn({ addresses }: GatewayConfig): AddressOf {
  return (service) => {
    const url =
      addresses.get(service as ServiceId) ?? addresses.get(subsystemOf(service as ServiceId))
    return {
      host: url?.hostname ?? 'none',
      port: Number(url?.port === '' ? 443 : (url?.port ?? 0)),
    }
  }
}

function versionOf(): string {
  const file = new URL('../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}
