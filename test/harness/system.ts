/**
 * A whole system on this machine: the real gateway of deploy/wire.ts on a folder of its own, with real certificates, journal and
 * key store, in front of real HTTPS servers that answer what a test tells them to.
 *
 *     await using system = await startSystem()
 *     const asked = await system.run('S3')
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request, type Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { Asked, ClientIdentity } from '../../deploy/demo/ask.ts'
import type { GatewayConfig } from '../../deploy/config.ts'
import { prepareWorld, type DemoWorld } from '../../deploy/demo/prepare-world.ts'
import { latestTaxYear, scenarios, type Scenario } from '../../deploy/demo/scenarios.ts'
import { systemChance, systemClock } from '../../deploy/system.ts'
import { startGateway, type GatewayOptions, type RunningGateway } from '../../deploy/wire.ts'
import type { Clock } from '../../gateway/ports/clock.ts'
import { GatewayId, Instant, type ServiceId, type SubsystemId } from '../../policies/vocabulary.ts'
import { startDepartments, type Departments } from './departments.ts'
import { GATE_CACHE } from './gate-cache.ts'
import { PATIENT } from './patient.ts'

export const GATEWAY = GatewayId.parse('TW/GOV/GONGDAO/gateway-1')
export const LABOUR = 'TW/GOV/A17000000J/labour-insurance'
export const CITY = 'TW/GOV/379000000A/social-assistance'
export const PROCESSOR = 'TW/GOV/379DOIT/shared-services'

export interface Asking {
  readonly consumer: string
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** Absent: a connection of its own. */
  readonly agent?: Agent
  /** Absent: the consumer's own certificate. */
  readonly tls?: Pick<ClientIdentity, 'cert' | 'key'>
}

export interface System {
  readonly data: string
  readonly world: DemoWorld
  readonly departments: Departments
  /** Milliseconds that the gateway's clock is ahead of the machine's. */
  clockAheadMs: number
  /** What the operator was told. */
  readonly reports: string[]
  gateway: RunningGateway
  ask(asking: Asking): Promise<Asked>
  /** One of the demo's scenarios, by name. */
  run(name: string, changes?: Partial<Asking>): Promise<Asked>
  /** Closes the gateway as SIGTERM does; answers again after `start`. */
  stop(): Promise<void>
  start(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface SystemOptions {
  readonly limits?: GatewayConfig['limits']
  readonly revocationGraceMs?: number
  /** Further members of the configuration, asked for at each start. */
  readonly config?: () => Partial<GatewayConfig>
  /** What watches the gateway, made anew at each start. */
  readonly observer?: (
    config: GatewayConfig,
  ) => Pick<GatewayOptions, 'telemetry' | 'watch' | 'metrics'>
  /** Before the first start: changes certificates or documents. */
  readonly prepare?: (data: string) => Promise<void> | void
  /** Absent: true. */
  readonly start?: boolean
  /** Addresses that are not the departments' own. */
  readonly addresses?: (departments: Departments) => ReadonlyMap<ServiceId | SubsystemId, URL>
}

type Files = ReadonlyMap<string, Buffer>
let template: Promise<Files> | undefined

/** A folder with certificates and signed documents and no ledger yet: made once, written anew for each system. */
export async function newDataFolder(): Promise<string> {
  template ??= makeTemplate()
  const data = mkdtempSync(join(tmpdir(), 'gongdao-system-'))
  for (const [name, content] of await template) {
    mkdirSync(dirname(join(data, name)), { recursive: true })
    writeFileSync(join(data, name), content, { mode: 0o600 })
  }
  return data
}

async function makeTemplate(): Promise<Files> {
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-world-'))
  try {
    await prepareWorld(folder, GATEWAY, systemClock().now())
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    return new Map(paths.map((path) => [relative(folder, path), readFileSync(path)]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export function configFor(
  data: string,
  addresses: GatewayConfig['addresses'],
  options: SystemOptions = {},
): GatewayConfig {
  return {
    data,
    instance: 'TW',
    gateway: GATEWAY,
    listen: { host: '127.0.0.1', port: 0 },
    addresses,
    syntheticIds: true,
    revocationGraceMs: options.revocationGraceMs ?? 3_600_000,
    rememberedExchanges: 10_000,
    cache: GATE_CACHE,
    health: PATIENT.health,
    limits: { ...PATIENT.limits, ...options.limits },
    ...options.config?.(),
  }
}

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const data = await newDataFolder()
  const world = await prepareWorld(data, GATEWAY, systemClock().now())
  await options.prepare?.(data)
  const departments = await startDepartments((id) => world.identityOf('subsystem', id))
  const running = new RunningSystem({ data, world, departments, options })
  try {
    if (options.start !== false) await running.start()
  } catch (fault) {
    await running[Symbol.asyncDispose]()
    throw fault
  }
  return running
}

class RunningSystem implements System {
  readonly data: string
  readonly world: DemoWorld
  readonly departments: Departments
  readonly reports: string[] = []
  clockAheadMs = 0
  #gateway: RunningGateway | undefined
  readonly #options: SystemOptions

  constructor(parts: {
    readonly data: string
    readonly world: DemoWorld
    readonly departments: Departments
    readonly options: SystemOptions
  }) {
    this.data = parts.data
    this.world = parts.world
    this.departments = parts.departments
    this.#options = parts.options
  }

  get gateway(): RunningGateway {
    if (this.#gateway === undefined) throw new Error('the gateway is stopped')
    return this.#gateway
  }

  async start(): Promise<void> {
    const addresses = this.#options.addresses?.(this.departments) ?? this.departments.addresses
    const config = configFor(this.data, addresses, this.#options)
    this.#gateway = await startGateway(config, {
      ...this.#options.observer?.(config),
      clock: this.#clock(),
      chance: systemChance(),
      report: (sentence) => this.reports.push(sentence),
      onFatal: (fault) => this.reports.push(`fatal: ${fault.message}`),
      onGateProgress: () => undefined,
    })
  }

  async stop(): Promise<void> {
    const gateway = this.#gateway
    this.#gateway = undefined
    await gateway?.close()
  }

  ask(asking: Asking): Promise<Asked> {
    const own = this.world.identityOf('subsystem', asking.consumer)
    const { cert, key } = asking.tls ?? own
    return ask(this.gateway.url, { ca: own.ca, cert, key }, asking)
  }

  run(name: string, changes: Partial<Asking> = {}): Promise<Asked> {
    const scenario = scenarioNamed(name)
    const headers = { ...scenario.headers, ...changes.headers }
    return this.ask({ ...scenario, ...changes, headers })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.departments.close()
    rmSync(this.data, { recursive: true, force: true })
  }

  #clock(): Clock {
    const clock = systemClock()
    return { now: () => Instant.ofMilliseconds(clock.now() + this.clockAheadMs) }
  }
}

export function scenarioNamed(name: string): Scenario {
  const all = scenarios(latestTaxYear(Date.now()))
  const scenario = all.find((one) => one.name === name)
  if (scenario === undefined) throw new Error(`no scenario ${name}`)
  return scenario
}

export function ask(gateway: URL, tls: ClientIdentity, asking: Asking): Promise<Asked> {
  const { agent, body, consumer, method = 'GET', path } = asking
  const headers = { 'X-Road-Client': consumer, ...asking.headers }
  const url = new URL(path, gateway)
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...tls, method, headers, agent: agent ?? false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
          milliseconds: performance.now() - began,
        })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A header that stands once; empty where it does not stand. */
export function headerOf({ headers }: Asked, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}
