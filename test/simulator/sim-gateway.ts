/**
 * One gateway of a simulated world: the product's own start-up, commit loop, journal, recovery and seven steps, on a disk in memory
 * and on time that is only told. What is not here: sockets, certificates, the gate of the rules.
 */
import { openExchangeChain, type OpenedExchangeChain } from '../../deploy/open-exchange-chain.ts'
import type { OpenedRegistry } from '../../deploy/open-registry.ts'
import { openReplication, type OpenedReplication } from '../../deploy/open-replication.ts'
import { resolveOpenIntents, type Resolving } from '../../deploy/resolve-open-intents.ts'
import type { GatewayConfig } from '../../deploy/config.ts'
import { makeExchange, type Exchange } from '../../gateway/exchange/exchange.ts'
import type { Chain } from '../../gateway/ledger/entry.ts'
import type { LogSigner } from '../../gateway/ledger/signer.ts'
import type { Clock } from '../../gateway/ports/clock.ts'
import type { PublishedCheckpoint } from '../../gateway/ports/checkpoint-store.ts'
import type { ProviderRequest } from '../../gateway/ports/provider.ts'
import { NO_TELEMETRY } from '../../gateway/ports/telemetry.ts'
import { ExchangeHistory } from '../../gateway/projections/exchange-history.ts'
import { Repeats } from '../../gateway/projections/repeats.ts'
import { Digest } from '../../policies/vocabulary.ts'
import { makeInForce } from '../harness/law.ts'
import { MemoryKeyStore } from '../harness/memory-key-store.ts'
import { failure, SimDisk } from '../harness/sim-disk.ts'
import { SteadyChance } from '../harness/steady.ts'
import { never, whileAlive } from './mortal.ts'
import { Broken, type Observed } from './observed.ts'
import { Random } from './random.ts'
import type { Schedule } from './schedule.ts'
import type { SimBroker } from './sim-broker.ts'
import { MachineClock } from './sim-clock.ts'
import {
  configOf,
  hasWitnesses,
  keysTextOf,
  SEGMENT_BYTES,
  signersOf,
  type Place,
} from './sim-config.ts'
import { SimProvider } from './sim-provider.ts'
import { SimRegistrar, type Door } from './sim-registrar.ts'
import { Following, simRegistry } from './sim-registry.ts'
import { SimWitness } from './sim-witness.ts'
import { simWitnessing } from './sim-witnessing.ts'
import { WITNESSES, type DISK_FAULTS } from './steps.ts'

/** After which an operator's supervisor starts again what could not start without the registrar. */
const START_AGAIN_MS = 3_000

/** A process, from its start to its death. */
interface Incarnation {
  isAlive: boolean
  registry?: OpenedRegistry
  door?: Door | undefined
  following?: Following | undefined
  /** Of what it asks the registrar, and what others ask of it. */
  stopRegistry?: () => void
  opened?: OpenedExchangeChain
  replication?: OpenedReplication | undefined
  resolving?: Resolving
  exchange?: Exchange
}

export class SimGateway {
  readonly config: GatewayConfig
  readonly clock: MachineClock
  readonly provider: SimProvider
  readonly keysText: string
  readonly broker: SimBroker
  /** None, or three. */
  readonly witnesses: readonly SimWitness[]
  readonly published: PublishedCheckpoint[] = []
  disk = new SimDisk()
  /** The mutation that the simulator must notice: every sync answers at once and does nothing. */
  syncIsSkipped = false
  /** As it reaches the gateway that writes its registry; undefined: it writes its own. */
  readonly registrar: SimRegistrar | undefined
  readonly #writer: (() => SimGateway) | undefined
  readonly #signers: Record<'registrar' | 'gateway', LogSigner>
  readonly #schedule: Schedule
  readonly #random: Random
  readonly #observed: Observed
  readonly #chance: SteadyChance
  readonly #keys: MemoryKeyStore
  #slow = false
  #process: Incarnation = { isAlive: false }

  constructor(
    place: Place,
    parts: {
      schedule: Schedule
      random: Random
      observed: Observed
      seed: string
      broker: SimBroker
      /** Who writes the registry, where another one does. */
      writer?: (() => SimGateway) | undefined
      /** A provider is asked, at this moment. */
      onAsked: (gateway: SimGateway, request: ProviderRequest) => void
    },
  ) {
    const { broker, observed, random, schedule, seed } = parts
    this.broker = broker
    const name = `S${place.number}`
    this.config = configOf(place)
    this.#schedule = schedule
    this.#random = random
    this.#observed = observed
    this.clock = new MachineClock(schedule)
    this.#chance = new SteadyChance(`${seed} ${name}`)
    this.#keys = new MemoryKeyStore(this.#chance, this.clock.forProcess())
    this.#signers = signersOf(place)
    this.keysText = keysTextOf(place)
    const { keysText } = this
    this.witnesses = (hasWitnesses(place) ? WITNESSES : []).map((which) => {
      const witness = `${name}/w${which}`
      return new SimWitness(witness, {
        schedule,
        random: new Random(`${seed}/${witness}`),
        keysText,
      })
    })
    this.#writer = parts.writer
    this.registrar = parts.writer && this.#reached(parts.writer, `${seed}/${name}/registrar`)
    this.provider = new SimProvider(schedule, random, (request) => {
      parts.onAsked(this, request)
    })
    this.well()
  }

  /** Whether it alone appends to this chain. */
  writes(origin: string): boolean {
    const { gateway, instance } = this.config
    if (origin === `${instance}/registry`) return this.registrar === undefined
    return origin.startsWith(`${instance}/exchange/${gateway}/`)
  }

  get isUp(): boolean {
    return this.#process.exchange !== undefined && this.#process.isAlive
  }

  get exchange(): Exchange | undefined {
    return this.#process.isAlive ? this.#process.exchange : undefined
  }

  get chains(): readonly Chain[] {
    const { opened, registry } = this.#process
    return [registry?.chain, opened?.chain].filter((chain) => chain !== undefined)
  }

  /** Where others hand in what they want recorded. */
  get door(): Door | undefined {
    const { door } = this.#process
    return door?.isOpen() === true ? door : undefined
  }

  /** Begins; whoever waits for it to be up lets time pass. */
  start(): void {
    if (this.#process.isAlive) return
    const process: Incarnation = { isAlive: true }
    this.#process = process
    this.#open(process).catch((fault: unknown) => {
      this.#startFailed(process, fault)
    })
  }

  /** The page cache survives. */
  kill(): void {
    this.#end()
    this.#putIn(this.disk.kill())
  }

  powerCut(): void {
    this.#end()
    this.#putIn(this.disk.powerCut(this.#random.next))
  }

  /** As `SIGTERM` does; what is under way has ended before. */
  async stop(): Promise<void> {
    const { opened, registry, replication, resolving, stopRegistry } = this.#process
    if (!this.isUp || opened === undefined) return
    this.#process.exchange = undefined as never
    const left = (await resolving?.stop()) ?? 0
    const at = this.#clockOfProcess.now()
    const record = JSON.stringify({ at, v: 1 })
    try {
      if (left === 0) {
        await this.#watch(opened.chain, this.#process).append({
          kind: 'seal',
          record,
          finishes: true,
        })
      }
      await opened.chain.close()
      stopRegistry?.()
      await registry?.chain.close()
      await replication?.close()
    } catch {
      // A disk that fails a stop leaves what a crash leaves.
    }
    this.#process.isAlive = false
  }

  fault(how: (typeof DISK_FAULTS)[number]): void {
    switch (how) {
      case 'eio':
        this.disk.before = once('sync')
        return
      case 'kept but reported lost':
        this.disk.after = once('sync')
        return
      case 'full':
        this.disk.capacity = 0
        return
      case 'slow':
        this.#slow = true
        return
      case 'well':
        this.well()
    }
  }

  well(): void {
    this.#slow = false
    this.disk.capacity = Infinity
    this.disk.before = () => undefined
    this.disk.after = () => undefined
    this.#putIn(this.disk)
  }

  #clockOfProcess: Clock = {
    now: () => {
      throw new Error('no process')
    },
  }

  #end(): void {
    this.#process.isAlive = false
    this.#process = { isAlive: false }
  }

  #putIn(disk: SimDisk): void {
    disk.wait = () =>
      this.#schedule.sleep(this.#slow ? this.#random.between(100, 800) : this.#random.next() * 3)
    disk.syncIsSkipped = this.syncIsSkipped
    if (disk !== this.disk) {
      disk.capacity = this.disk.capacity
      this.disk = disk
    }
  }

  async #open(process: Incarnation): Promise<void> {
    const { config, disk } = this
    const clock = this.clock.forProcess()
    this.#clockOfProcess = clock
    const place = { disk, segmentBytes: SEGMENT_BYTES, timers: this.#schedule }
    const onFatal = (): void => {
      this.#died(process)
    }
    process.replication = await openReplication(config, {
      elapsed: () => this.#schedule.now,
      report: (sentence) => this.#reported(sentence, process),
      timers: this.#schedule,
      soon: (go) => this.#schedule.after(0, go),
      disk,
      logTransport: whileAlive(this.broker.transport(), process),
      signers: this.#signers,
    })
    const { replication } = process
    const parts = { clock, onFatal, place, replication }
    await this.#openRegistry(process, parts)
    const witnessing =
      this.witnesses.length === 0
        ? undefined
        : simWitnessing({
            witnesses: this.witnesses,
            published: this.published,
            schedule: this.#schedule,
            clock,
            isAlive: () => process.isAlive,
            followed: this.registrar && `${config.instance}/registry`,
          })
    const { registry } = process
    if (registry === undefined) return
    witnessing?.add(registry.chain.origin, registry.archive)
    const repeats = new Repeats()
    const history = new ExchangeHistory(1000)
    process.opened = await openExchangeChain(config, registry, {
      ...parts,
      ...(witnessing && { witnessing }),
      signer: this.#watched(this.#signers.gateway, process),
      revocations: () => 7,
      visit: () => undefined,
      soon: (go) => this.#schedule.after(0, go),
    })
    const { chain, open } = process.opened
    const ledger = this.#watch(replication?.guard(chain) ?? chain, process)
    process.resolving = resolveOpenIntents(open.all(), this.#watch(chain, process), {
      clock,
      chance: this.#chance,
      report: () => undefined,
      onResolved: () => undefined,
      timers: this.#schedule,
    })
    process.exchange = makeExchange({
      gateway: config.gateway,
      inForce: makeInForceOnce,
      revocations: () => 7,
      standing: () => 'good',
      ledger,
      keys: this.#keys,
      provider: {
        ask: (request) => (process.isAlive ? this.provider.ask(request) : never()),
      },
      clock,
      chance: this.#chance,
      history,
      repeats,
      configuration: Digest.parse('c'.repeat(43)),
      syntheticIds: true,
      telemetry: NO_TELEMETRY,
      hasBrokenOff: () => false,
      refusedEarly: () => undefined,
      report: (fault) => {
        this.#observed.fail(fault instanceof Error ? fault : new Error('a thrown value'))
      },
    })
  }

  async #openRegistry(
    process: Incarnation,
    parts: Omit<Parameters<typeof simRegistry>[1], 'signer' | 'isAlive' | 'following'>,
  ): Promise<void> {
    const isAlive = (): boolean => process.isAlive
    process.following = this.registrar && this.#following(this.registrar, process)
    const { door, registry, stop } = await simRegistry(this.config, {
      ...{ ...parts, isAlive, following: process.following },
      signer: this.#watched(this.#signers.registrar, process),
    })
    process.registry = registry
    process.door = door
    process.stopRegistry = stop
  }

  #following(registrar: SimRegistrar, process: Incarnation): Following {
    return new Following({
      origin: `${this.config.instance}/registry`,
      registrar,
      observed: this.#observed,
      schedule: this.#schedule,
      isAlive: () => process.isAlive,
      isUp: () => process.isAlive && process.exchange !== undefined,
      isClockSet: () => this.clock.wasSet || this.#writer?.().clock.wasSet === true,
    })
  }

  #reached(writer: () => SimGateway, seed: string): SimRegistrar {
    return new SimRegistrar({
      gateway: this.config.gateway,
      schedule: this.#schedule,
      random: new Random(seed),
      door: () => writer().door,
      fault: (fault) => {
        this.#observed.fail(fault instanceof Error ? fault : new Error('a thrown value'))
      },
    })
  }

  /** What an operator's supervisor sees: the process ends, and the pages that could not be written are gone. */
  #died(process: Incarnation): void {
    if (!process.isAlive || process !== this.#process) return
    this.#schedule.after(0, () => {
      if (process === this.#process) this.powerCut()
    })
  }

  #startFailed(process: Incarnation, fault: unknown): void {
    if (process !== this.#process) return
    this.kill()
    // A disk, log server or registrar that fails may stop a start; ones that are well must not.
    const words = fault instanceof Error ? describe(fault) : ''
    const isExplained = process.following?.explains(fault) === true
    const isOutside =
      isExplained ||
      /EIO|ENOSPC|journal|full|room|log servers do not answer|could not be read/.test(words)
    if (isExplained) this.#startAgainSoon()
    if (!isOutside)
      this.#observed.fail(fault instanceof Error ? fault : new Error('a thrown value'))
  }

  #startAgainSoon(): void {
    const dead = this.#process
    this.#schedule.after(START_AGAIN_MS, () => {
      if (dead === this.#process) this.start()
    })
  }

  #reported(sentence: string, process: Incarnation): void {
    if (!process.isAlive || !/fault of our own|cloned|holds what/.test(sentence)) return
    this.#observed.fail(new Broken('L8', sentence))
  }

  /** What a process does after its death happens on a disk that is not there any more: nobody sees it. */
  #watch(chain: Chain, process: Incarnation): Chain {
    const { origin } = chain
    return {
      origin,
      accepts: () => chain.accepts(),
      head: () => chain.head(),
      close: () => chain.close(),
      append: async (entry) => {
        this.#observed.submitted(entry)
        const recorded = await chain.append(entry)
        if (process.isAlive) this.#observed.recorded(origin, entry, recorded)
        return recorded
      },
    }
  }

  #watched(signer: LogSigner, process: Incarnation): LogSigner {
    return {
      publicKey: signer.publicKey,
      sign: (bytes) => {
        if (process.isAlive) this.#observed.signed(bytes)
        return signer.sign(bytes)
      },
    }
  }
}

function describe(fault: Error): string {
  return `${fault.message} ${fault.cause instanceof Error ? describe(fault.cause) : ''}`
}

function once(on: string): (operation: string) => void {
  let done = false
  return (operation) => {
    if (done || operation !== on) return
    done = true
    throw failure('EIO')
  }
}

let inForce: ReturnType<typeof makeInForce> | undefined
function makeInForceOnce(): ReturnType<typeof makeInForce> {
  return (inForce ??= makeInForce())
}
