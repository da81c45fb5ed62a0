/** The registry of one process, opened by the product's own code: written here, or followed from whoever writes it. */
import type { JournalPlace } from '../../adapters/ledger-journal/open.ts'
import type { GatewayConfig } from '../../deploy/config.ts'
import { registrarOf } from '../../deploy/config/registrar.ts'
import {
  openFollowedRegistry,
  type OpenedFollowedRegistry,
} from '../../deploy/open-followed-registry.ts'
import { openRegistry, type OpenedRegistry } from '../../deploy/open-registry.ts'
import { registrarDesk } from '../../deploy/open-registrar.ts'
import { LedgerFault } from '../../gateway/ledger/chain.ts'
import { RegistrarRefused, RegistrarUnavailable } from '../../gateway/ports/registrar.ts'
import { RegistryContradicted } from '../../gateway/registry/followed-registry.ts'
import type { SimDisk } from '../harness/sim-disk.ts'
import { Broken, type Observed } from './observed.ts'
import type { Schedule } from './schedule.ts'
import { DATA } from './sim-config.ts'
import type { Door, SimRegistrar } from './sim-registrar.ts'

/** Time enough to look at what was shown, and less than to the next look. */
const NAMED_WITHIN_MS = 400

export interface SimRegistry {
  readonly registry: OpenedRegistry
  /** Where this process has others hand in. */
  readonly door: Door | undefined
  /** No more is asked of the registrar, and no more is taken at the door. */
  stop(): void
}

type Own = Omit<Parameters<typeof openRegistry>[2], 'place'>

interface Parts extends Own {
  readonly place: JournalPlace & { readonly disk: SimDisk }
  readonly isAlive: () => boolean
  readonly following: Following | undefined
}

const CA = { root: 'root', issuing: 'issuing' }

export async function simRegistry(config: GatewayConfig, parts: Parts): Promise<SimRegistry> {
  const { following, isAlive, place } = parts
  const registrar = registrarOf(config)
  if (registrar !== undefined && following !== undefined) {
    const { report } = following
    const told = { ...parts, registrar: following.connect(), report }
    const registry = await openFollowedRegistry({ ...config, registrar }, told)
    following.opened(registry)
    return { registry, door: undefined, stop: () => registry.stop() }
  }
  const registry = await openRegistry(config, CA, parts)
  if (config.registrar === undefined) return { registry, door: undefined, stop: () => undefined }
  let isOpen = true
  const door = {
    desk: registrarDesk(DATA, registry, place.disk),
    isOpen: () => isOpen && isAlive(),
  }
  const stop = (): void => {
    isOpen = false
  }
  return { registry, door, stop }
}

export interface FollowingParts {
  readonly origin: string
  readonly registrar: SimRegistrar
  readonly observed: Observed
  readonly schedule: Schedule
  readonly isAlive: () => boolean
  /** Whether it takes exchanges. */
  readonly isUp: () => boolean
  /** Whether somebody set this machine's clock, or the registrar's. */
  readonly isClockSet: () => boolean
}

/** One process that follows the registrar: what it was shown, what it makes of it, and which of its faults the world explains. */
export class Following {
  readonly #parts: FollowingParts
  readonly #strays: number
  #registry: OpenedFollowedRegistry | undefined
  #wasLiedTo = false

  constructor(parts: FollowingParts) {
    this.#parts = parts
    this.#strays = parts.registrar.strays
  }

  connect(): ReturnType<SimRegistrar['connect']> {
    const { isAlive, observed, origin, registrar } = this.#parts
    return registrar.connect({
      isAlive,
      recorded: (index, { kind, record }) => {
        observed.handedIn(origin, index, { kind, record })
      },
      lied: () => {
        this.#lied()
      },
    })
  }

  opened(registry: OpenedFollowedRegistry): void {
    this.#registry = registry
  }

  readonly report = (sentence: string): void => {
    const { isAlive, observed } = this.#parts
    const isContradicted = /as the registrar shows it|put back/.test(sentence)
    if (isAlive() && isContradicted && !this.#wasLiedTo) observed.fail(new Broken('L6', sentence))
  }

  /** Whether a start may end so. */
  explains(fault: unknown): boolean {
    if (fault instanceof RegistrarUnavailable || fault instanceof LedgerFault) return true
    if (fault instanceof RegistryContradicted) return this.#wasLiedTo
    if (!(fault instanceof RegistrarRefused)) return false
    if (fault.message.includes('set it')) return this.#parts.isClockSet()
    const isRecorded = /the next chain is|is closed already/.test(fault.message)
    return isRecorded && this.#parts.registrar.strays > this.#strays
  }

  /** Whoever is shown another registry says so at once, and goes on without it. */
  #lied(): void {
    this.#wasLiedTo = true
    const { isAlive, isUp, observed, schedule } = this.#parts
    if (!isUp()) return
    schedule.after(NAMED_WITHIN_MS, () => {
      if (!isAlive() || !isUp()) return
      const trouble = this.#registry?.trouble() ?? 'nothing'
      if (trouble.includes('as the registrar shows it')) return
      observed.fail(new Broken('L6', `another registry was shown, and what was said: ${trouble}`))
    })
  }
}
