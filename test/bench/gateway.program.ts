/** The gateway under test, with everything on: two durable records for each exchange, the real rules, receipts. */
import { telemetry } from '../../deploy/config/telemetry.ts'
import { openTelemetry } from '../../deploy/open-telemetry.ts'
import { systemChance, systemClock } from '../../deploy/system.ts'
import { startGateway } from '../../deploy/wire.ts'
import { gatewayConfig } from './gateway-config.ts'
import type { GatewaySections } from './variants.ts'

const [folder = '', port = '', upstream = '', sections = '{}'] = process.argv.slice(2)
const { replication, telemetry: told } = JSON.parse(sections) as GatewaySections
const config = {
  ...gatewayConfig(folder, port, upstream),
  ...(replication && { replication }),
}
const observed = told && openTelemetry(config, telemetry.parse(told))
const gateway = await startGateway(config, {
  ...observed,
  clock: systemClock(),
  chance: systemChance(),
  report: (sentence) => process.stderr.write(`gateway: ${sentence}\n`),
  onFatal: (fault) => {
    process.stderr.write(`gateway: ${fault.message}\n`)
    process.exit(70)
  },
  onGateProgress: () => undefined,
})
process.once('SIGTERM', () => {
  void gateway.close().then(() => process.exit(0))
})
