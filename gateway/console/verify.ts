/**
 * A whole ledger judged from its bytes, the pinned keys and what others have seen of it, whatever carries it. Changes nothing, needs no
 * gateway, and may run while one is running.
 */
import { ChainCheck } from '../ledger/check-chain.ts'
import type { ChainState } from '../ledger/check-chain.ts'
import { LinkCheck } from '../ledger/check-links.ts'
import type { Examined, HowToExamine } from '../ledger/examine.ts'
import type { Chunk } from '../ledger/chunk.ts'
import { addCounts, noCounts } from '../ledger/finding.ts'
import type { Counts, Finding } from '../ledger/finding.ts'
import { KnownOfChain, knownByChain } from '../ledger/known-heads.ts'
import { vkeyText } from '../ledger/note.ts'
import { Pairing } from '../ledger/pairing.ts'
import type { OpenIntent } from '../ledger/pairing.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'
import { rootOf } from '../ledger/tree.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import { cutFindings } from './check-cuts.ts'
import { weigh } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { inOrder } from './in-order.ts'
import { headsOfPins, pinsOf } from './pins.ts'
import type { Pins } from './pins.ts'
import { Report } from './report.ts'
import { foundUnopened, seenUnopened } from './unopened.ts'

export interface VerifyParts {
  readonly source: ChainSource
  readonly keys: PinnedKeys
  /** Milliseconds: intents whose deadline is later may still be open. */
  readonly now: number
  readonly examine: (chunk: Chunk, how: HowToExamine) => Examined | Promise<Examined>
  /** How many chunks are examined at a time. */
  readonly width?: number
  readonly evidence?: Evidence
  /** An earlier verification: exchange chains are read from where it ended. */
  readonly since?: Pins | undefined
  /** Absent: every signature. */
  readonly sample?: HowToExamine['sample']
  /** `expected`: leaves that there are by what is known of them; somebody may have made that up. */
  readonly onProgress?: ((counts: Readonly<Counts>, expected: number) => void) | undefined
}

export interface Verified {
  readonly findings: readonly Finding[]
  readonly counts: Counts
  /** How far this came: for `since` of the next one, if there is no finding. */
  readonly pins: Pins
}

/** A gateway writes an outcome a little after the deadline at the latest. */
const GRACE_MS = 30_000

/** Throws RangeError where the keys name no registry; whatever is wrong with the ledger is a finding. */
export async function verify(parts: VerifyParts): Promise<Verified> {
  const registry = parts.keys.registry?.name
  if (registry === undefined) {
    throw new RangeError('the keys name no registry: a line <instance>/registry+… is missing')
  }
  return new LedgerCheck(parts, registry).run()
}

class LedgerCheck {
  readonly #parts: VerifyParts
  readonly #registry: string
  readonly #known: ReadonlyMap<string, KnownOfChain>
  readonly #expected: number
  readonly #report: Report
  readonly #counts = noCounts()
  readonly #pairing = new Pairing()
  readonly #links: LinkCheck
  readonly #states = new Map<string, ChainState>()

  constructor(parts: VerifyParts, registry: string) {
    const { evidence = {}, keys, since } = parts
    const { findings, known } = weigh(evidence, keys)
    this.#parts = parts
    this.#report = new Report(parts.source.mayLag)
    this.#registry = registry
    this.#known = knownByChain({ ...known, heads: headsOfPins(since).concat(known.heads) })
    this.#expected = this.#expectedLeaves()
    for (const finding of findings) this.#report.add(finding)
    this.#links = new LinkCheck(registry, keys, this.#report.add)
    for (const [chain, pin] of since?.chains ?? []) {
      for (const { index, ...intent } of pin.open) this.#pairing.intent(chain, index, intent)
    }
  }

  async run(): Promise<Verified> {
    for (const known of this.#known.values()) {
      for (const fork of known.forks()) this.#report.add(fork)
    }
    const isWhole = await this.#readRegistry(this.#links, this.#report, this.#counts)
    const here = new Set((await this.#parts.source.chains()).map(({ origin }) => origin))
    for (const chain of this.#links.geneses.keys()) {
      if (this.#isElsewhere(chain, here)) this.#counts.elsewhere += 1
      else await this.#exchange(chain)
    }
    if (isWhole) await this.#secretsAndHeads()
    for (const chain of [this.#registry, ...this.#links.geneses.keys()]) {
      // The closure of a chain that is elsewhere may name a torn tail: it is kept there, too.
      if (!this.#isElsewhere(chain, here)) await this.#cuts(chain)
    }
    const open = [...this.#pairing.left()]
    this.#openIntents(open)
    const pins = pinsOf(this.#states, open)
    return { findings: this.#report.findings, counts: this.#counts, pins }
  }

  /** Gateways that share a registry keep their chains in folders of their own; whoever pins a key expects its chains. */
  #isElsewhere(chain: string, here: ReadonlySet<string | undefined>): boolean {
    return this.#parts.keys.forChain(chain) === undefined && !here.has(chain)
  }

  async #readRegistry(links: LinkCheck, report: Report, counts: Counts): Promise<boolean> {
    const origin = this.#registry
    const check = this.#chainCheck(origin, {
      counts,
      report,
      start: undefined,
      visit: (kind, record, index) => links.registryEntry(kind, record, index),
      onRoot: (size, root) => links.registryRoot(size, root),
      everyRoot: this.#parts.source.mayLag,
    })
    const isWhole = await this.#read(origin, check, { counts, report, mayGrow: true })
    if (check.state.edge.size === 0 && isWhole) {
      report.add({ chain: origin, kind: 'chain-missing', sentence: 'the registry is empty' })
    }
    return isWhole
  }

  async #exchange(chain: string): Promise<void> {
    const [counts, report] = [this.#counts, this.#report]
    const check = this.#chainCheck(chain, {
      counts,
      report,
      start: this.#parts.since?.chains.get(chain)?.state,
      visit: (kind, record, index) => this.#links.exchangeEntry(chain, { kind, record }, index),
      onRoot: () => undefined,
    })
    const mayGrow = !this.#links.isOver(chain)
    this.#pairing.pruned(chain, this.#links.pruned.get(chain) ?? 0)
    if (!(await this.#read(chain, check, { counts, report, mayGrow }))) {
      this.#pairing.broken(chain)
      return
    }
    const { edge, sealed } = check.state
    this.#links.exchangeEnd(chain, { size: edge.size, root: rootOf(edge), sealed })
  }

  #chainCheck(
    origin: string,
    its: Pick<
      ConstructorParameters<typeof ChainCheck>[0],
      'counts' | 'everyRoot' | 'onRoot' | 'start' | 'visit'
    > & {
      readonly report: Report
    },
  ): ChainCheck {
    return new ChainCheck({
      ...its,
      origin,
      hasKey: this.#parts.keys.forChain(origin) !== undefined,
      known: this.#known.get(origin) ?? new KnownOfChain(origin),
      pairing: this.#pairing,
      report: its.report.add,
    })
  }

  /** Whether the chain could be read to its end. */
  async #read(
    origin: string,
    check: ChainCheck,
    { counts, mayGrow, report }: { counts: Counts; mayGrow: boolean; report: Report },
  ): Promise<boolean> {
    const { examine, onProgress, source, width = 1 } = this.#parts
    counts.chains += 1
    const from = check.state.edge.size
    const how = this.#how(origin, from)
    // From the leaf before on: the checkpoint behind it must be the one that was seen.
    const chunks = source.read(origin, { from: Math.max(0, from - 1), mayGrow })
    for await (const { bytes, examined, parts } of inOrder(
      chunks,
      (each) => examine(each, how),
      width,
    )) {
      counts.bytes += bytes
      addCounts(counts, examined.counts)
      if (examined.counts.withoutRecord > 0) this.#pairing.broken(origin)
      if (!check.take(parts, examined)) return false
      onProgress?.(counts, this.#expected)
    }
    return this.#end(origin, check, { mayGrow, report })
  }

  #expectedLeaves(): number {
    let leaves = 0
    for (const [origin, known] of this.#known) {
      const from = this.#parts.since?.chains.get(origin)?.state.edge.size ?? 0
      leaves += Math.max(0, known.size - (origin === this.#registry ? 0 : from))
    }
    return leaves
  }

  #how(origin: string, from: number): HowToExamine {
    const { keys, sample } = this.#parts
    const key = keys.forChain(origin)
    const vkey = key && vkeyText(key.name, key.publicKey)
    const pruned = this.#links.pruned.get(origin)
    return {
      origin,
      from,
      vkey,
      sample,
      pruned,
      sort: origin === this.#registry ? 'registry' : 'exchange',
    }
  }

  #end(
    origin: string,
    check: ChainCheck,
    { mayGrow, report }: { mayGrow: boolean; report: Report },
  ): boolean {
    const { size } = check.state.edge
    // Less than the pin's leaves may be there, of which none was read again.
    const beyond = this.#known.get(origin)?.beyond(Math.min(size, check.reached))
    if (beyond !== undefined) report.add(beyond)
    if (check.unsigned > 0 && !mayGrow) {
      const [first, last] = [size - check.unsigned, size - 1]
      const sentence = 'no checkpoint covers the newest leaves'
      report.add({ chain: origin, kind: 'checkpoint-missing', first, last, sentence })
      return false
    }
    this.#states.set(origin, check.state)
    return true
  }

  /** The registry may have grown since it was read: what it did not know then is asked again of a second reading. */
  async #secretsAndHeads(): Promise<void> {
    const found = await this.#parts.source.chains()
    const isKnown = (origin: string | undefined): boolean =>
      origin === this.#registry || (origin !== undefined && this.#links.geneses.has(origin))
    const named = [...this.#known.keys()]
    const all = [...found.map(({ origin }) => origin), ...named]
    if (this.#links.hasUnknownHeads || !all.every(isKnown)) {
      await this.#parts.source.settle?.()
      // What it finds wrong was reported the first time.
      const again = new LinkCheck(this.#registry, this.#parts.keys, () => undefined)
      await this.#readRegistry(again, new Report(), noCounts())
      this.#links.adopt(again)
    }
    this.#links.finish()
    const registry = { origin: this.#registry, size: this.#links.registrySize }
    for (const chain of found) {
      if (isKnown(chain.origin)) continue
      this.#report.add(await foundUnopened(chain, this.#parts.source, registry))
    }
    const carried = new Set(found.map(({ origin }) => origin))
    for (const origin of named) {
      if (isKnown(origin) || carried.has(origin)) continue
      const seen = seenUnopened(origin, this.#known.get(origin))
      if (seen !== undefined) this.#report.add(seen)
    }
  }

  async #cuts(chain: string): Promise<void> {
    const kept = await this.#parts.source.cuts?.(chain)
    if (kept === undefined) return
    // A chain that is not over may have been cut by a start that is still under way.
    const isOver = chain === this.#registry || this.#links.isOver(chain)
    const recorded = this.#links.cuts.get(chain) ?? new Set()
    for (const finding of cutFindings(chain, kept, { recorded, isOver })) this.#report.add(finding)
  }

  #openIntents(open: readonly OpenIntent[]): void {
    for (const { chain, deadline, index } of open) {
      if (deadline + GRACE_MS >= this.#parts.now) {
        this.#counts.open += 1
        continue
      }
      const sentence = `its deadline has passed, and nothing says what became of it`
      this.#report.add({ chain, kind: 'outcome-missing', first: index, last: index, sentence })
    }
  }
}
