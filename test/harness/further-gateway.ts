/** A further gateway of a system: a folder and a certificate of its own, and the registry of the first. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GatewayConfig } from '../../deploy/config.ts'
import type { OtherRegistrar } from '../../deploy/config/registrar.ts'
import { prepareWorld } from '../../deploy/demo/prepare-world.ts'
import { systemChance, systemClock } from '../../deploy/system.ts'
import { startGateway, type RunningGateway } from '../../deploy/wire.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { ask, configFor, GATEWAY, scenarioNamed, type System } from './system.ts'
import type { Asked } from '../../deploy/demo/ask.ts'

export interface FurtherGateway {
  readonly id: GatewayId
  readonly data: string
  readonly reports: string[]
  readonly running: () => RunningGateway
  start(): Promise<void>
  stop(): Promise<void>
  run(name: string): Promise<Asked>
  [Symbol.asyncDispose](): Promise<void>
}

/** Not started yet. The system's configuration must have a registrar's door. */
export async function furtherGateway(
  system: System,
  number: number,
  changes: Partial<GatewayConfig> = {},
): Promise<FurtherGateway> {
  const id = GatewayId.parse(`TW/GOV/GONGDAO/gateway-${number}`)
  await prepareWorld(system.data, id, systemClock().now())
  const data = mkdtempSync(join(tmpdir(), 'gongdao-further-'))
  cpSync(join(system.data, 'certs'), join(data, 'certs'), { recursive: true })
  const reports: string[] = []
  let gateway: RunningGateway | undefined
  const running = (): RunningGateway => {
    if (gateway === undefined) throw new Error('the gateway is stopped')
    return gateway
  }
  const stop = async (): Promise<void> => {
    const last = gateway
    gateway = undefined
    await last?.close()
  }
  return {
    ...{ id, data, reports, running, stop },
    async start() {
      const config = {
        ...configFor(data, system.departments.addresses),
        gateway: id,
        registrar: registrarOf(system),
        ...changes,
      }
      gateway = await startGateway(config, {
        clock: systemClock(),
        chance: systemChance(),
        report: (sentence) => reports.push(sentence),
        onFatal: (fault) => reports.push(`fatal: ${fault.message}`),
        onGateProgress: () => undefined,
      })
    },
    run(name) {
      const scenario = scenarioNamed(name)
      return ask(running().url, system.world.identityOf('subsystem', scenario.consumer), scenario)
    },
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** What the others' configuration says of the system's registrar. */
export function registrarOf(system: System): OtherRegistrar {
  const url = system.gateway.core.registrar
  const keys = readFileSync(join(system.data, 'ledger', 'keys.txt'), 'utf8')
  const key = keys.split('\n').find((line) => line.startsWith('TW/registry+'))
  if (url === undefined || key === undefined) throw new Error('the system has no registrar')
  return { url, gateway: GATEWAY, key }
}
