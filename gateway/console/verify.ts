/**
 * A whole ledger judged from its bytes, the pinned keys and what others have seen of it, whatever carries it. Changes nothing, needs no
 * gateway, and may run while one is running.
 */
import { ChainCheck } from '../ledger/check-chain.ts'
import type { ChainCheckOptions, ChainState } from '../ledger/check-chain.ts'
import { LinkCheck } from '../ledger/check-links.ts'
import type { HowToExamine } from '../ledger/examine.ts'
import { addCounts, noCounts } from '../ledger/finding.ts'
import { KnownOfChain, knownByChain } from '../ledger/known-heads.ts'
import { vkeyText } from '../ledger/note.ts'
import { Pairing } from '../ledger/pairing.ts'
import type { OpenIntent } from '../ledger/pairing.ts'
import { rootOf } from '../ledger/tree.ts'
import { cutFindings } from './check-cuts.ts'
import { weigh } from './evidence.ts'
import { inOrder } from './in-order.ts'
import { overdue } from './open-intents.ts'
import { headsOfPins, leavesAhead, pinsOf } from './pins.ts'
import { Report } from './report.ts'
import { unopened } from './unopened.ts'
import type { Verified, VerifyParts } from './verify-parts.ts'

export type { Verified, VerifyParts } from './verify-parts.ts'

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
  /** By origin: leaves that were seen again. */
  readonly #reached = new Map<string, number>()
  /** Chains that were read, or are not here. */
  readonly #asked = new Set<string>()
  readonly #elsewhere = new Set<string>()
  /** Torn tails of the registry that were kept before it was read. */
  readonly #keptBefore = new Set<string>()
  /** By chain: the smallest tree that a receipt or a note shows. */
  readonly #handed: ReadonlyMap<string, number>

  constructor(parts: VerifyParts, registry: string) {
    const { evidence = {}, keys, since } = parts
    const { findings, handed, known } = weigh(evidence, keys)
    this.#handed = handed
    this.#parts = parts
    this.#report = new Report(parts.source, registry)
    this.#registry = registry
    this.#known = knownByChain({ ...known, heads: headsOfPins(since).concat(known.heads) })
    this.#expected = leavesAhead(this.#known, since, registry)
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
    this.#counts.chains += 1
    await this.#rememberCuts()
    const isWhole = await this.#readRegistry()
    await this.#readChains()
    if (isWhole && (await this.#readOn())) await this.#secretsAndHeads()
    if (isWhole && this.#links.registrySize === 0) {
      const sentence = 'the registry is empty'
      this.#report.add({ chain: this.#registry, kind: 'chain-missing', sentence })
    }
    this.#beyond(this.#registry)
    for (const chain of [this.#registry, ...this.#links.geneses.keys()]) {
      // The closure of a chain that is elsewhere may name a torn tail: it is kept there, too.
      if (!this.#elsewhere.has(chain)) await this.#cuts(chain)
    }
    const open = [...this.#pairing.left()]
    for (const intent of open) this.#openIntent(intent)
    const pins = pinsOf(this.#states, open)
    return { findings: this.#report.findings, counts: this.#counts, pins }
  }

  async #rememberCuts(): Promise<void> {
    const kept = (await this.#parts.source.cuts?.(this.#registry)) ?? []
    for (const { hash } of kept) this.#keptBefore.add(hash)
  }

  /** From where it was read to before; false where it could not be read to its end. */
  async #readRegistry(): Promise<boolean> {
    const origin = this.#registry
    const check = this.#chainCheck(origin, {
      start: this.#states.get(origin),
      visit: (kind, record, index) => {
        this.#links.registryEntry(kind, record, index)
        this.#parts.onRegistryLeaf?.(kind, record, index)
      },
      onRoot: (size, root) => this.#links.registryRoot(size, root),
      everyRoot: this.#parts.source.mayLag,
    })
    return this.#read(origin, check, true)
  }

  /** Those that the registry has opened and that were not read yet; false where there is none. */
  async #readChains(): Promise<boolean> {
    const due = [...this.#links.geneses.keys()].filter((chain) => !this.#asked.has(chain))
    if (due.length === 0) return false
    const here = new Set((await this.#parts.source.chains()).map(({ origin }) => origin))
    for (const chain of due) {
      this.#asked.add(chain)
      // Gateways that share a registry keep their chains in folders of their own; whoever pins a key expects its chains.
      const isElsewhere = this.#parts.keys.forChain(chain) === undefined && !here.has(chain)
      if (isElsewhere) this.#elsewhere.add(chain)
      else await this.#exchange(chain)
    }
    this.#counts.elsewhere = this.#elsewhere.size
    return true
  }

  /**
   * The ledger may have grown while it was read: chains and heads of which the registry knew nothing are asked again of what came behind,
   * which is held to what was read before. False where that could not be read to its end.
   */
  async #readOn(): Promise<boolean> {
    if (!(await this.#isUnclear())) return true
    await this.#parts.source.settle?.()
    do {
      if (!(await this.#readRegistry())) return false
    } while (await this.#readChains())
    return true
  }

  async #isUnclear(): Promise<boolean> {
    const found = (await this.#parts.source.chains()).map(({ origin }) => origin)
    const all = [...found, ...this.#known.keys()]
    const isCutTold = [...this.#keptBefore].every((hash) =>
      this.#cutsTold(this.#registry).has(hash),
    )
    return (
      !isCutTold || this.#links.hasUnknownHeads || !all.every((origin) => this.#isOpened(origin))
    )
  }

  #cutsTold(chain: string): ReadonlySet<string> {
    return this.#links.cuts.get(chain) ?? new Set()
  }

  #isOpened(origin: string | undefined): boolean {
    if (origin === undefined) return false
    return origin === this.#registry || this.#links.geneses.has(origin)
  }

  async #exchange(chain: string): Promise<void> {
    this.#counts.chains += 1
    const check = this.#chainCheck(chain, {
      start: this.#startOf(chain),
      visit: (kind, record, index) => this.#links.exchangeEntry(chain, { kind, record }, index),
      onRoot: () => undefined,
    })
    this.#pairing.pruned(chain, this.#links.pruned.get(chain) ?? 0)
    const isWhole = await this.#read(chain, check, !this.#links.isOver(chain))
    this.#beyond(chain)
    if (!isWhole) {
      this.#pairing.broken(chain)
      return
    }
    const { edge, sealed } = check.state
    if (this.#links.isCutShort(chain, edge.size)) this.#pairing.broken(chain)
    this.#links.exchangeEnd(chain, { size: edge.size, root: rootOf(edge), sealed })
  }

  /** Behind what an earlier verification read, unless something was handed in that must be within it. */
  #startOf(chain: string): ChainState | undefined {
    const state = this.#parts.since?.chains.get(chain)?.state
    const smallest = this.#handed.get(chain) ?? Infinity
    return state !== undefined && smallest >= state.edge.size ? state : undefined
  }

  #chainCheck(
    origin: string,
    its: Pick<ChainCheckOptions, 'everyRoot' | 'onRoot' | 'start' | 'visit'>,
  ): ChainCheck {
    return new ChainCheck({
      ...its,
      origin,
      hasKey: this.#parts.keys.forChain(origin) !== undefined,
      known: this.#known.get(origin) ?? new KnownOfChain(origin),
      pairing: this.#pairing,
      counts: this.#counts,
      report: this.#report.add,
    })
  }

  /** Whether the chain could be read to its end. */
  async #read(origin: string, check: ChainCheck, mayGrow: boolean): Promise<boolean> {
    const { examine, onProgress, source, width = 1 } = this.#parts
    const counts = this.#counts
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
    return this.#end(origin, check, mayGrow)
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

  #end(origin: string, check: ChainCheck, mayGrow: boolean): boolean {
    const { size } = check.state.edge
    // Less than the pin's leaves may be there, of which none was read again.
    this.#reached.set(origin, Math.min(size, check.reached))
    if (check.unsigned > 0 && !mayGrow) {
      const [first, last] = [size - check.unsigned, size - 1]
      const sentence = 'no checkpoint covers the newest leaves'
      this.#report.add({ chain: origin, kind: 'checkpoint-missing', first, last, sentence })
      return false
    }
    this.#states.set(origin, check.state)
    return true
  }

  /** What somebody has seen of it, and is not there; nothing of a chain that could not be read. */
  #beyond(origin: string): void {
    const reached = this.#reached.get(origin)
    const beyond = reached === undefined ? undefined : this.#known.get(origin)?.beyond(reached)
    if (beyond !== undefined) this.#report.add(beyond)
  }

  async #secretsAndHeads(): Promise<void> {
    this.#links.finish()
    const origin = this.#registry
    const isWhole = !this.#pairing.isBroken(origin)
    const { now, source } = this.#parts
    const registry = { origin, isWhole, now, state: this.#states.get(origin) }
    const isOpened = this.#isOpened.bind(this)
    for await (const finding of unopened({ source, known: this.#known, isOpened, registry })) {
      this.#report.add(finding)
    }
  }

  async #cuts(chain: string): Promise<void> {
    const kept = await this.#parts.source.cuts?.(chain)
    if (kept === undefined) return
    // A start that is still under way may have cut it.
    const isDue = (hash: string): boolean =>
      chain === this.#registry ? this.#keptBefore.has(hash) : this.#links.isOver(chain)
    const recorded = this.#cutsTold(chain)
    for (const finding of cutFindings(chain, kept, { recorded, isDue })) this.#report.add(finding)
  }

  #openIntent(intent: OpenIntent): void {
    const { now } = this.#parts
    const finding = overdue(intent, { links: this.#links, states: this.#states, now })
    if (finding === undefined) this.#counts.open += 1
    else this.#report.add(finding)
  }
}
