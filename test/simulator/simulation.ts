/**
 * A whole world from one seed: three gateways with the product's own code, providers that answer well and badly, disks that lose
 * and reorder what was not synced, clocks that jump; each with a registry of its own, or one of them the registrar of all. What must hold is checked after every step, and again at the end, when
 * all is well and every ledger is verified as an auditor does.
 */
import { verifyData } from '../../adapters/ledger-journal/verify-data.ts'
import type { Call, Reply } from '../../gateway/exchange/call.ts'
import type { ProviderRequest } from '../../gateway/ports/provider.ts'
import { checkReceipt } from '../../gateway/ledger/check-receipt.ts'
import type { Evidence } from '../../gateway/console/evidence.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { canonicalLeaf } from '../../gateway/ledger/leaf.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { enrolment, headerOf, household, income } from '../harness/calls.ts'
import type { SimDisk } from '../harness/sim-disk.ts'
import { checkHistory, checkWitnessed } from './check-history.ts'
import { checkLedger } from './check-ledger.ts'
import { checkAsked, checkReply } from './check-moment.ts'
import { checkReplicated } from './check-replicated.ts'
import { checkSecrets } from './check-secrets.ts'
import { Broken, Observed } from './observed.ts'
import { Random } from './random.ts'
import { Schedule } from './schedule.ts'
import { SimBroker } from './sim-broker.ts'
import { BEGINNING } from './sim-clock.ts'
import { DATA } from './sim-config.ts'
import { SimGateway } from './sim-gateway.ts'
import { SharedRegistry } from './shared-registry.ts'
import { GATEWAYS, type CALLS, type Step } from './steps.ts'

export interface Outcome {
  /** What was contradicted; undefined: nothing was. */
  readonly broken: Error | undefined
  /** Every reply and every head, in order: two runs of one seed are the same run. */
  readonly trace: readonly string[]
  readonly acknowledged: number
}

export interface SimulationOptions {
  readonly seed: string
  readonly steps: readonly Step[]
  /** Which gateway writes the registry of all three; absent: each has one of its own. */
  readonly registrar?: number | undefined
  /** A mutation that must be noticed. */
  readonly syncIsSkipped?: boolean
}

export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const simulation = new Simulation(options)
  try {
    await simulation.run()
  } catch (fault) {
    simulation.observed.fail(fault instanceof Error ? fault : new Error('a thrown value'))
  }
  const { observed, trace } = simulation
  return { broken: observed.broken, trace, acknowledged: observed.acknowledged.length }
}

/** Longer than any deadline, and than a disk waits before it looks for room again. */
const QUIET_MS = 120_000
const START_MS = 5_000

class Simulation {
  readonly observed = new Observed()
  readonly trace: string[] = []
  readonly #schedule = new Schedule()
  readonly #broker: SimBroker
  readonly #steps: readonly Step[]
  readonly #gateways: readonly SimGateway[]
  /** Undefined: each gateway has a registry of its own. */
  readonly #shared: SharedRegistry | undefined
  readonly #random: Random
  /** An open intent waits for its deadline on the clock that there is. */
  #setBack = 0
  readonly #receipts: { readonly gateway: SimGateway; readonly receipt: string }[] = []

  constructor({ registrar, seed, steps, syncIsSkipped = false }: SimulationOptions) {
    this.#steps = steps
    this.#random = new Random(`${seed}/auditor`)
    this.#broker = new SimBroker(this.#schedule, new Random(`${seed}/broker`))
    const broker = this.#broker
    const writing = (): SimGateway => this.#gateways[registrar ?? 0]!
    this.#gateways = GATEWAYS.map((number) => {
      const random = new Random(`${seed}/${number}`)
      const parts = {
        ...{ schedule: this.#schedule, random, observed: this.observed, seed, broker },
        onAsked: (asked: SimGateway, request: ProviderRequest): void => {
          checkAsked(asked, request, this.observed)
        },
      }
      const writer = registrar === undefined || registrar === number ? undefined : writing
      const gateway = new SimGateway({ number, registrar }, { ...parts, writer })
      gateway.syncIsSkipped = syncIsSkipped
      gateway.well()
      return gateway
    })
    if (registrar !== undefined)
      this.#shared = new SharedRegistry(this.#gateways, writing(), this.observed)
  }

  async run(): Promise<void> {
    const [first] = this.#steps
    if (first?.do === 'witness') await this.#take(first)
    await this.#begin()
    for (const step of this.#steps) {
      await this.#take(step)
      await this.#pass(0)
      this.#shared?.check()
      if (this.observed.broken !== undefined) return
    }
    if (this.#shared === undefined) await this.#endEach()
    else await this.#endShared(this.#shared)
  }

  /** Without its registrar no gateway begins. */
  async #begin(): Promise<void> {
    this.#shared?.registrar.start()
    if (this.#shared !== undefined) await this.#pass(START_MS)
    for (const gateway of this.#gateways) gateway.start()
    await this.#pass(START_MS)
  }

  #pass(milliseconds: number): Promise<void> {
    return this.#schedule.pass(milliseconds, () => {
      this.#look()
    })
  }

  /** After everything that happens. */
  #look(): void {
    for (const gateway of this.#gateways) {
      for (const chain of gateway.chains) {
        const { origin, root, size } = chain.head()
        this.observed.head(origin, size, root)
      }
    }
    this.#shared?.look()
  }

  async #take(step: Step): Promise<void> {
    const gateway = this.#gateways[step.gateway]
    if (gateway === undefined) return
    switch (step.do) {
      case 'call':
        this.#call(gateway, step)
        return
      case 'answer':
        gateway.provider.how = step.how
        return
      case 'pass':
        return this.#pass(step.milliseconds)
      case 'kill':
        gateway.kill()
        break
      case 'power cut':
        gateway.powerCut()
        break
      case 'stop':
        return this.#stop(gateway)
      case 'start':
        gateway.start()
        return
      case 'clock':
        gateway.clock.jump(step.milliseconds)
        this.#setBack += Math.max(0, -step.milliseconds)
        return
      case 'disk':
        gateway.fault(step.how)
        return
      case 'broker':
        this.#broker.mood = step.how
        return
      case 'witness':
        for (const [at, witness] of gateway.witnesses.entries())
          witness.become(at < step.count ? step.how : 'well')
        return
      case 'registrar':
        if (gateway.registrar !== undefined) gateway.registrar.mood = step.how
        return
    }
    checkLedger(gateway, this.observed)
  }

  #call(gateway: SimGateway, step: Extract<Step, { do: 'call' }>): void {
    const { exchange } = gateway
    if (exchange === undefined) return
    const leaving = new AbortController()
    if (step.leavesAfter !== undefined) {
      this.#schedule.after(step.leavesAfter, () => {
        leaving.abort()
      })
    }
    exchange(callOf(step.what, gateway, leaving.signal)).then(
      (reply) => {
        // A process that is dead tells nobody anything.
        if (gateway.exchange === exchange) this.#replied(gateway, reply)
      },
      // A ledger that failed: the caller's connection ends without an answer.
      () => this.trace.push('no reply'),
    )
  }

  #replied(gateway: SimGateway, reply: Reply): void {
    this.trace.push(`${gateway.config.instance} ${this.#schedule.now} ${reply.headers.join(' ')}`)
    checkReply(gateway, reply, this.observed)
    const receipt = headerOf(reply.headers, 'Exchange-Receipt')
    if (receipt === undefined) return
    this.#receipts.push({ gateway, receipt })
    checkWitnessed(gateway, originOf(receipt), this.observed)
  }

  async #stop(gateway: SimGateway): Promise<void> {
    await this.#pass(QUIET_MS)
    await this.#wait(gateway.stop())
    checkLedger(gateway, this.observed)
  }

  async #endEach(): Promise<void> {
    for (const gateway of this.#gateways) {
      await this.#recover(gateway)
      await this.#end(gateway)
    }
  }

  /** What a crash left open is closed by now, a call succeeds, and an auditor finds nothing. */
  async #end(gateway: SimGateway): Promise<void> {
    const older = gateway.disk.kill()
    await this.#mustExchange(gateway)
    await this.#stop(gateway)
    this.#checkReceipts(gateway)
    checkReplicated(gateway, this.observed)
    checkSecrets(gateway)
    await this.#audit(gateway)
    await checkHistory(gateway, this.#receiptsOf(gateway).at(-1) ?? '', {
      honest: (evidence) => this.#findings(gateway, gateway.disk, evidence),
      older: (evidence) => this.#findings(gateway, older, evidence),
    })
    await this.#tamper(gateway)
  }

  /** All is well again. */
  async #recover(gateway: SimGateway): Promise<void> {
    this.#mend(gateway)
    await this.#pass(QUIET_MS + this.#setBack)
    mustBeUp(gateway, true)
  }

  #mend(gateway: SimGateway): void {
    gateway.well()
    for (const witness of gateway.witnesses) witness.become('well')
    this.#broker.mood = 'well'
    if (gateway.registrar !== undefined) gateway.registrar.mood = 'well'
    gateway.provider.how = 'truth'
    if (gateway.isUp) return
    gateway.kill()
    gateway.start()
  }

  async #mustExchange(gateway: SimGateway): Promise<void> {
    const before = this.trace.length
    this.#call(gateway, { do: 'call', gateway: 0, what: 'enrolment' })
    await this.#pass(QUIET_MS)
    const since = this.trace.slice(before)
    if (since.some((line) => line.includes('Exchange-Receipt'))) return
    throw new Broken('L9', `${gateway.config.gateway} does not exchange any more ${since.join()}`)
  }

  async #endShared(shared: SharedRegistry): Promise<void> {
    const { followers, registrar } = shared
    for (const { clock } of this.#gateways) this.#setBack += clock.setRight()
    for (const follower of followers) this.#mend(follower)
    await this.#recover(registrar)
    for (const follower of followers) mustBeUp(follower, true)
    await this.#goOnWithoutRegistrar(shared)
    for (const gateway of [...followers, registrar]) await this.#end(gateway)
    shared.check()
  }

  /** While he is away who runs exchanges, and nobody starts; when he is back everybody does. */
  async #goOnWithoutRegistrar({ followers, registrar }: SharedRegistry): Promise<void> {
    const [running, starting] = this.#random.isLess(0.5) ? followers : followers.toReversed()
    if (running === undefined || starting === undefined) return
    registrar.kill()
    starting.kill()
    starting.start()
    await this.#mustExchange(running)
    mustBeUp(starting, false)
    registrar.start()
    await this.#pass(QUIET_MS)
    mustBeUp(starting, true)
  }

  /** L14: with the pinned keys and nothing else. */
  #checkReceipts(gateway: SimGateway): void {
    const keys = parsePinnedKeys(gateway.keysText)
    for (const receipt of this.#receiptsOf(gateway)) {
      const found = checkReceipt(receipt, { keys })
      if (found.kind === 'bad') throw new Broken('L14', found.sentence)
      const kept = this.observed.acknowledged.find(
        ({ index, origin }) => index === found.index && origin === found.origin,
      )
      if (kept?.leaf !== canonicalLeaf(found.leaf)) {
        throw new Broken(
          'L14',
          `the receipt of leaf ${found.index} of ${found.origin} shows another leaf`,
        )
      }
    }
  }

  #receiptsOf(gateway: SimGateway): readonly string[] {
    return this.#receipts.filter((each) => each.gateway === gateway).map(({ receipt }) => receipt)
  }

  async #audit(gateway: SimGateway): Promise<void> {
    const [first] = await this.#findings(gateway, gateway.disk)
    if (first === undefined) return
    const invariant = INVARIANT_OF.get(first.kind) ?? 'L11'
    throw new Broken(invariant, `${first.kind} in ${first.chain}: ${first.sentence}`)
  }

  /** L5: one byte, anywhere in a journal. */
  async #tamper(gateway: SimGateway): Promise<void> {
    const disk = gateway.disk.kill()
    const file = this.#random.pick(disk.files().filter((name) => name.endsWith('.seg')))
    const handle = disk.open(file)
    const at = this.#random.between(0, Math.floor(handle.size() * this.#random.next() ** 4))
    const byte = Buffer.alloc(1)
    handle.read(byte, at)
    handle.write(Buffer.of((byte[0] ?? 0) ^ this.#random.between(1, 255)), at)
    if ((await this.#findings(gateway, disk)).length > 0) return
    throw new Broken('L5', `byte ${at} of ${file} was changed, and nobody noticed`)
  }

  async #findings(
    gateway: SimGateway,
    disk: SimDisk,
    evidence: Evidence = {},
  ): Promise<readonly Finding[]> {
    const { findings } = await verifyData({
      evidence,
      data: DATA,
      // Later than every clock of the story, however far it jumped.
      now: BEGINNING + this.#schedule.now + 2 * 3_600_000 * (this.#steps.length + 1),
      keys: gateway.keysText,
      disk,
    })
    return findings
  }

  /** Time passes until it is over. */
  async #wait(promise: Promise<void>): Promise<void> {
    const ending = { isOver: false }
    const ended = promise.finally(() => {
      ending.isOver = true
    })
    while (!ending.isOver) await this.#pass(10)
    await ended
  }
}

function mustBeUp({ config: { gateway }, isUp }: SimGateway, isDue: boolean): void {
  if (isUp === isDue) return
  if (isDue) throw new Broken('L9', `${gateway} does not start any more`)
  throw new Broken('L7', `${gateway} has started, and nobody can have opened its chain`)
}

/** Of the chain that a receipt, base64 of a tlog-proof, is of. */
function originOf(receipt: string): string {
  const proof = Buffer.from(receipt, 'base64').toString()
  return proof.slice(proof.indexOf('\n\n') + 2).split('\n')[0] ?? ''
}

const INVARIANT_OF: ReadonlyMap<Finding['kind'], string> = new Map([
  ['outcome-missing', 'L10'],
  ['outcome-wrong', 'L10'],
  ['time-backwards', 'L12'],
])

function callOf(what: (typeof CALLS)[number], gateway: SimGateway, signal: AbortSignal): Call {
  switch (what) {
    case 'enrolment':
      return enrolment({ signal })
    case 'income':
      return income({ signal })
    case 'household':
      return household({ signal })
    case 'denied':
      return income({ signal, headers: { 'Exchange-Fields': 'payerName' } })
    case 'keyed':
      return household({
        signal,
        headers: { 'Idempotency-Key': `key of ${gateway.config.instance}` },
      })
  }
}
