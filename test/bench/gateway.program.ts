/** The gateway under test, with everything on: two durable records for each exchange, the real rules, receipts. */
import { join } from 'node:path'
import { telemetry } from '../../deploy/config/telemetry.ts'
import { openTelemetry } from '../../deploy/open-telemetry.ts'
import { systemChance, systemClock } from '../../deploy/system.ts'
import { startGateway } from '../../deploy/wire.ts'
import { SubsystemId } from '../../policies/vocabulary.ts'
import { PROVIDER } from './documents.ts'
import type { GatewaySections } from './variants.ts'
import { GATEWAY } from './world.ts'

const [folder = '', port = '', upstream = '', sections = '{}'] = process.argv.slice(2)
const { replication, telemetry: told } = JSON.parse(sections) as GatewaySections
const config = {
  data: join(folder, 'data'),
  instance: 'TW',
  gateway: GATEWAY,
  listen: { host: '127.0.0.1', port: Number(port) },
  addresses: new Map([[SubsystemId.parse(PROVIDER), new URL(`https://localhost:${upstream}`)]]),
  syntheticIds: true,
  revocationGraceMs: 3_600_000,
  rememberedExchanges: 10_000,
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
