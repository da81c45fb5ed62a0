/** The gateway under test, with everything on: two durable records for each exchange, the real rules, receipts. */
import { join } from 'node:path'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'
import { systemChance, systemClock } from '../../deploy/system.ts'
import { startGateway } from '../../deploy/wire.ts'
import { SubsystemId } from '../../policies/vocabulary.ts'
import { PROVIDER } from './documents.ts'
import { GATEWAY } from './world.ts'

const [folder = '', port = '', upstream = '', section] = process.argv.slice(2)
const replication = section === undefined ? undefined : (JSON.parse(section) as ReplicationConfig)
const gateway = await startGateway(
  {
    data: join(folder, 'data'),
    instance: 'TW',
    gateway: GATEWAY,
    listen: { host: '127.0.0.1', port: Number(port) },
    addresses: new Map([[SubsystemId.parse(PROVIDER), new URL(`https://localhost:${upstream}`)]]),
    syntheticIds: true,
    revocationGraceMs: 3_600_000,
    rememberedExchanges: 10_000,
    ...(replication && { replication }),
  },
  {
    clock: systemClock(),
    chance: systemChance(),
    report: (sentence) => process.stderr.write(`gateway: ${sentence}\n`),
    onFatal: (fault) => {
      process.stderr.write(`gateway: ${fault.message}\n`)
      process.exit(70)
    },
    onGateProgress: () => undefined,
  },
)
process.once('SIGTERM', () => {
  void gateway.close().then(() => process.exit(0))
})
