/** How a served gateway speaks: through its telemetry where that is configured, otherwise in plain sentences on standard error. */
import type { RequestListener } from 'node:http'
import { printableLines } from '../gateway/ports/printable.ts'
import type { Report } from '../gateway/ports/telemetry.ts'
import type { GatewayConfig } from './config.ts'
import type { Observer } from './observe-gateway.ts'
import { openTelemetry } from './open-telemetry.ts'

export interface Voice extends Observer {
  readonly metrics?: RequestListener
  readonly report: Report
  /** The last words before the process ends; written when this returns, and on standard error wherever the log goes. */
  readonly last: (sentence: string) => void
  readonly close: () => Promise<void>
}

export function openVoice(config: GatewayConfig): Voice {
  if (config.telemetry === undefined) {
    return { report: plain, last: plain, close: () => Promise.resolve() }
  }
  const { close, flushNow, metrics, notice, telemetry, watch } = openTelemetry(
    config,
    config.telemetry,
  )
  return {
    telemetry,
    watch,
    metrics,
    report: (sentence, urgency = 'today') => notice(urgency, sentence),
    last: (sentence) => {
      notice('now', sentence)
      flushNow()
      plain(sentence)
    },
    close,
  }
}

function plain(sentence: string): void {
  process.stderr.write(`${new Date().toISOString()} gateway: ${printableLines(sentence)}\n`)
}
