/** A gateway as the demos start it: on this machine, with synthetic identifiers, and with progress on the terminal. */
import { progressLine } from '../commands/progress-line.ts'
import type { GatewayConfig } from '../config.ts'
import { systemChance, systemClock } from '../system.ts'
import { startGateway, type RunningGateway } from '../wire.ts'

export async function startDemoGateway(
  config: GatewayConfig,
  report: (sentence: string) => void,
): Promise<RunningGateway> {
  const gate = progressLine('comparing the rules with cedar-wasm on random inputs:', false)
  const started = await startGateway(config, {
    clock: systemClock(),
    chance: systemChance(),
    report,
    // Nothing may be written after a journal that failed: the process ends here, and recovers by reading.
    onFatal: (fault) => {
      process.stderr.write(`gateway: ${fault.message}\n`)
      process.exit(70)
    },
    onGateProgress: gate.at,
  })
  gate.end()
  return started
}

/** What every demo's gateway has in common. */
export const DEMO = {
  instance: 'TW',
  syntheticIds: true,
  revocationGraceMs: 3_600_000,
  rememberedExchanges: 100_000,
} as const
