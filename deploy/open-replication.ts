/**
 * The ledger on Kafka: what this gateway's folder holds is compared with what the log servers have before anything is appended, and
 * from then on every commit is sent. A folder that is behind what was sent (a backup put back, a clone) is refused here.
 */
import type { Disk } from '../adapters/ledger-journal/disk.ts'
import type { DurableLeaves } from '../gateway/ledger/chain.ts'
import { LedgerUnavailable, type Chain } from '../gateway/ledger/entry.ts'
import type { CheckpointStore } from '../gateway/ports/checkpoint-store.ts'
import { LogUnavailable, type LogTransport } from '../gateway/ports/log-transport.ts'
import type { Report, Telemetry } from '../gateway/ports/telemetry.ts'
import { machineTimers, type Timers } from '../gateway/ports/timers.ts'
import type { Divergence } from '../gateway/replication/followed-chain.ts'
import { nameOf } from '../gateway/replication/lane-of.ts'
import { laneOf } from '../gateway/replication/lane-of.ts'
import { replicatedChain } from '../gateway/replication/replicated-chain.ts'
import { Replication, type ReplicationParts } from '../gateway/replication/replication.ts'
import { ReplicationWaits } from '../gateway/replication/replication-waits.ts'
import { Replicator } from '../gateway/replication/replicator.ts'
import { ALARMS } from './alarms.ts'
import { boundsOf } from './config/replication.ts'
import type { GatewayConfig } from './config.ts'
import { kafkaOf } from './kafka-of.ts'
import { observeTransport } from './observe-transport.ts'
import { judging, keepForkProof, type OwnSigners } from './keep-fork-proof.ts'
import { postedCheckpoints } from './posted-checkpoints.ts'
import { ReplicatedFolder } from './replicated-folder.ts'

export interface ReplicationOptions {
  readonly report: Report
  readonly timers?: Timers
  /**
   * Milliseconds since some moment; never set forward or back, as a clock on the wall is: nobody would be told for an hour that what was
   * acknowledged is not there. Absent: the machine's.
   */
  readonly elapsed?: () => number
  /** Runs when the turn is over; absent: `setImmediate`. */
  readonly soon?: (go: () => void) => void
  /** Absent: off. */
  readonly telemetry?: Telemetry
  /** Absent: the Kafka of the configuration. */
  readonly logTransport?: LogTransport
  /** Absent: the machine's. */
  readonly disk?: Disk
  /** Of this gateway's chains. */
  readonly signers: OwnSigners
}

export interface OpenedReplication {
  /** For `openChain`'s `onDurable`: the chain has so many leaves now. */
  follow(origin: string, size: number): (batch: DurableLeaves) => void
  guard(chain: Chain): Chain
  /** Published checkpoints go to a topic of their own, and are read back there. */
  mirror(store: Pick<CheckpointStore, 'length' | 'read'>): void
  /** Why nothing new is taken; undefined where it is. */
  refusal(): Error | undefined
  readonly replication: Replication
  /** Sends what there is, as far as that can be done soon, and ends. */
  close(): Promise<void>
  /** Ends at once; the next start sends the rest. */
  stop(): Promise<void>
}

/** What the folder holds and what the log servers hold contradict each other, or they are not as they must be. */
export class ReplicationRefused extends Error {
  override readonly name = 'ReplicationRefused'
}

const START_MS = 60_000
const CLOSE_MS = 5000
const KEEP_MS = 5000
const LOOK_MS = 20

/** Undefined: the configuration has no such section. */
export async function openReplication(
  config: GatewayConfig,
  options: ReplicationOptions,
): Promise<OpenedReplication | undefined> {
  if (config.replication === undefined) return undefined
  const opened = new Opened(config, { ...config.replication }, options)
  try {
    await opened.start()
  } catch (fault) {
    await opened.stop()
    throw fault
  }
  return opened
}

class Opened implements OpenedReplication {
  readonly replication: Replication
  readonly #config: GatewayConfig
  readonly #settings: NonNullable<GatewayConfig['replication']>
  readonly #options: ReplicationOptions
  readonly #timers: Timers
  readonly #transport: LogTransport
  readonly #folder: ReplicatedFolder
  readonly #waits: ReplicationWaits
  readonly #replicator: Replicator
  #checked = false
  #failed: unknown
  readonly #elapsed: () => number
  #keptAt = -Infinity

  constructor(
    config: GatewayConfig,
    settings: NonNullable<GatewayConfig['replication']>,
    options: ReplicationOptions,
  ) {
    this.#config = config
    this.#settings = settings
    this.#options = options
    this.#timers = options.timers ?? machineTimers
    const told = options.logTransport ?? kafkaOf(settings, config.gateway)
    const transport = observeTransport(told, options.telemetry)
    this.#transport = { ...transport, openSender: () => this.#openSender(transport) }
    this.#elapsed = options.elapsed ?? ((): number => performance.now())
    const now = this.#elapsed
    const bounds = boundsOf(settings)
    this.#folder = new ReplicatedFolder(config, options.disk)
    this.#waits = new ReplicationWaits(bounds.backlogMs, now)
    const lanes = this.#folder.lanes(transport.partitions, now())
    this.replication = new Replication(lanes, this.#folder.post(), {
      ...this.#told(),
      bounds,
      ...judging(options.signers, this.#folder),
      now,
    })
    this.#replicator = new Replicator({
      replication: this.replication,
      transport: this.#transport,
      timers: this.#timers,
      advanced: () => {
        void this.#keep(KEEP_MS)
      },
      looked: () => {
        this.#waits.expire()
      },
      failed: (fault) => {
        options.report(`replication ended by a fault of our own: ${String(fault)}`, 'now')
        this.#failed = fault
        this.#waits.end()
      },
    })
  }

  #told(): Pick<ReplicationParts, 'alarm' | 'over' | 'stored' | 'diverged'> {
    const { report, soon = setImmediate } = this.#options
    return {
      alarm: (alarm, sentence) => report(sentence, ALARMS[alarm].urgency),
      over: (alarm) => report(`the log servers: no longer ${alarm}`, 'nobody'),
      // The next send goes out first: whoever waited has work to do, and the log servers would be idle meanwhile.
      stored: (origin, size) => {
        soon(() => {
          this.#waits.stored(origin, size)
        })
      },
      diverged: (divergence) => {
        this.#diverged(divergence)
      },
    }
  }

  async start(): Promise<void> {
    await this.#checkNow(this.#transport)
    await this.#folder.makeDurable(this.replication.lanes)
    this.#replicator.start()
    const isRead = await this.#within(this.#replicator.readAll(), START_MS)
    if (this.#failed !== undefined) throw new Error('replication ended', { cause: this.#failed })
    if (this.replication.alarms.has('diverged')) {
      throw new ReplicationRefused(
        'the log servers hold what this folder does not: it was cloned, or restored from a backup. Nothing was opened; see above.',
      )
    }
    if (isRead) return
    const sentence = 'what the log servers hold could not be read at the start'
    if (this.#settings.durability === 'replicated') {
      throw new ReplicationRefused(`${sentence}; look after them, then start again`)
    }
    this.#options.report(`${sentence}; it is compared as soon as it can be`, 'watch')
  }

  follow(origin: string, size: number): (batch: DurableLeaves) => void {
    const now = this.#elapsed
    const chain = this.replication.chain(origin) ?? this.#begin(origin)
    if (size > chain.durable) chain.journalled(size, 0, now())
    this.#replicator.wake()
    return (batch) => {
      chain.committed(batch, now())
      this.#replicator.wake()
    }
  }

  guard(chain: Chain): Chain {
    const waits = this.#settings.durability === 'replicated' ? this.#waits : undefined
    // What the registry records is no exchange, and a start must not fail for what an earlier one left to be sent.
    const accepts = (): boolean =>
      chain.origin.endsWith('/registry') ? !this.#hasEnded : this.refusal() === undefined
    return replicatedChain(chain, accepts, waits)
  }

  mirror(store: Pick<CheckpointStore, 'length' | 'read'>): void {
    this.replication.post.begin(postedCheckpoints(store), this.#elapsed())
    this.#replicator.readPost()
  }

  refusal(): Error | undefined {
    if (this.#failed === undefined && this.replication.accepts()) return undefined
    const why = this.#failed === undefined ? [...this.replication.alarms] : ['a fault of our own']
    return new LedgerUnavailable(['too much waits to be replicated', ...why].join(', '))
  }

  get #hasEnded(): boolean {
    return this.#failed !== undefined || this.replication.alarms.has('diverged')
  }

  async close(): Promise<void> {
    for (let waited = 0; this.replication.isBehind && waited < CLOSE_MS; waited += LOOK_MS) {
      await this.#pause(LOOK_MS)
    }
    await this.stop()
    await this.#keep(0)
  }

  async stop(): Promise<void> {
    this.#waits.end()
    await this.#replicator.stop()
  }

  async #checkNow(transport: LogTransport): Promise<void> {
    try {
      const faults = await transport.check()
      if (faults.length > 0) throw new ReplicationRefused(faults.join('\n'))
      this.#checked = true
    } catch (fault) {
      if (!(fault instanceof LogUnavailable)) throw fault
      if (this.#settings.durability === 'replicated') {
        throw new ReplicationRefused(
          `the log servers do not answer (${fault.message}), and a reply would wait for them: start them first`,
        )
      }
      this.#options.report(`the log servers do not answer yet: ${fault.message}`)
    }
  }

  /** Nothing is sent to topics that were not looked at. */
  async #openSender(transport: LogTransport): ReturnType<LogTransport['openSender']> {
    if (!this.#checked) {
      const faults = await transport.check()
      for (const fault of faults) this.#options.report(fault)
      if (faults.length > 0) throw new LogUnavailable('the topics are not as they must be')
      this.#checked = true
    }
    return transport.openSender()
  }

  #begin(origin: string): ReturnType<Replication['follow']> {
    const lane = laneOf(origin, this.#transport.partitions)
    const followed = this.replication.lanes.find((one) => nameOf(one.lane) === nameOf(lane))
    if (followed === undefined) throw new Error('a chain of another gateway')
    const journal = this.#folder.journal(origin)
    return this.replication.follow(followed, { origin, journal, size: 0 })
  }

  #diverged(divergence: Divergence): void {
    this.#waits.end()
    const size = this.replication.chain(divergence.chain)?.durable ?? 0
    const own = { size, signers: this.#options.signers }
    const file = keepForkProof(this.#config.data, divergence, own)
    if (file !== undefined) this.#options.report(`what proves it is kept in ${file}`, 'now')
  }

  async #keep(afterMs: number): Promise<void> {
    const now = this.#elapsed()
    if (now < this.#keptAt + afterMs || this.replication.alarms.has('diverged')) return
    this.#keptAt = now
    await this.#folder.keep(this.replication.progress())
  }

  #within(work: Promise<void>, milliseconds: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(milliseconds, () => {
        resolve(false)
      })
      work.then(() => {
        cancel()
        resolve(true)
      }, reject)
    })
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timers.after(milliseconds, resolve)
    })
  }
}
