/** What the gateway under test is told, and its two ends where they stand alone. */
import { join } from 'node:path'
import type { GatewayConfig } from '../../deploy/config.ts'
import { SubsystemId } from '../../policies/vocabulary.ts'
import { PROVIDER } from './documents.ts'
import { GATEWAY } from './world.ts'

/** Characters of a receipt in a log of some hundred thousand leaves, of which 64 at a time are asked for: `checkReceipts` compares. */
export const RECEIPT_LENGTH = 3000

export const SUBSYSTEM = SubsystemId.parse(PROVIDER)

/** `upstream`: port of the provider. */
export function gatewayConfig(folder: string, port: string, upstream: string): GatewayConfig {
  return {
    data: join(folder, 'data'),
    instance: 'TW',
    gateway: GATEWAY,
    listen: { host: '127.0.0.1', port: Number(port) },
    addresses: new Map([[SUBSYSTEM, new URL(`https://localhost:${upstream}`)]]),
    syntheticIds: true,
    revocationGraceMs: 3_600_000,
    rememberedExchanges: 10_000,
  }
}
