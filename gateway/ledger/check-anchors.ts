/**
 * The time-stamps over the heads of all chains, checked by somebody who was not there: each covers what it says, each covers the one
 * before while that one's certificate was good, and the registry names every one of them.
 *
 * The heads that they name are what the ledger had at those moments; that the chains still have them is checked where the chains are
 * read (`known-heads.ts`).
 */
import type { Instant } from '../../policies/vocabulary.ts'
import { aggregateText, stampDigest } from './anchor.ts'
import type { Anchor } from './anchor.ts'
import type { Finding, FindingKind } from './finding.ts'
import { digestOf, treeHashOfDigest } from './hash.ts'
import type { KnownHead } from './head-list.ts'
import type { AnchorRecord } from './registry-events.ts'

/** What a good token says; as `gateway/ports/timestamp-authority.ts` has it. */
interface Stamp {
  readonly at: Instant
  readonly accuracyMs: number
  readonly notAfter: Instant
}

export interface AnchorCheckOptions {
  /** Origin of the registry chain. */
  readonly registry: string
  /** Every line of the folder of anchors; undefined for one that is none. */
  readonly anchors: Iterable<Anchor | undefined>
  /** Every `anchor` leaf of the registry, with its index. */
  readonly leaves: ReadonlyMap<number, AnchorRecord>
  readonly check: (
    token: Uint8Array,
    content: Uint8Array,
  ) => Promise<
    | { readonly kind: 'good'; readonly stamp: Stamp }
    | { readonly kind: 'refused'; readonly sentence: string }
  >
  /** Milliseconds. */
  readonly now: number
  readonly onProgress?: (done: number) => void
}

export interface CheckedAnchors {
  readonly findings: readonly Finding[]
  readonly count: number
  /** When the newest good one was made. */
  readonly newest: Instant | undefined
  /** What was time-stamped: heads that the chains must still have. */
  readonly heads: readonly KnownHead[]
}

interface Good {
  readonly number: number
  readonly stamp: Stamp
}

export async function checkAnchors(options: AnchorCheckOptions): Promise<CheckedAnchors> {
  return new AnchorCheck(options).run()
}

class AnchorCheck {
  readonly #options: AnchorCheckOptions
  readonly #findings: Finding[] = []
  readonly #heads: KnownHead[] = []
  /** Leaves by number that no anchor was found for yet. */
  readonly #due = new Map<number, { readonly index: number; readonly record: AnchorRecord }>()
  #before: Anchor | undefined
  #good: Good | undefined
  #count = 0

  constructor(options: AnchorCheckOptions) {
    this.#options = options
  }

  async run(): Promise<CheckedAnchors> {
    const { anchors, leaves, onProgress } = this.#options
    for (const [index, record] of leaves) this.#leaf(index, record)
    for (const anchor of anchors) {
      this.#count += 1
      onProgress?.(this.#count)
      if (anchor === undefined) this.#say('anchor-wrong', `anchor ${this.#count} is damaged`)
      else await this.#anchor(anchor)
      this.#before = anchor
    }
    for (const { index, record } of this.#due.values()) {
      this.#say(
        'anchor-missing',
        `the time-stamp ${record.number} that it names is not kept`,
        index,
      )
    }
    this.#stillSpeaks(this.#options.now, 'now')
    return {
      findings: this.#findings,
      count: this.#count,
      newest: this.#good?.stamp.at,
      heads: this.#heads,
    }
  }

  #leaf(index: number, record: AnchorRecord): void {
    if (record.number !== this.#due.size + 1)
      this.#say('anchor-wrong', 'its number does not follow that of the anchor before', index)
    this.#due.set(record.number, { index, record })
  }

  async #anchor(anchor: Anchor): Promise<void> {
    const { aggregate, token } = anchor
    const text = aggregateText(aggregate)
    this.#named(anchor, text)
    this.#follows(anchor)
    const checked = await this.#options.check(token, Buffer.from(text))
    if (checked.kind === 'refused') {
      this.#say('anchor-wrong', `time-stamp ${aggregate.number}: ${checked.sentence}`)
      return
    }
    const { accuracyMs, at } = checked.stamp
    const earlier = this.#good?.stamp
    if (earlier !== undefined && at + accuracyMs < earlier.at - earlier.accuracyMs)
      this.#say('anchor-wrong', `time-stamp ${aggregate.number} is older than the one before it`)
    this.#stillSpeaks(at, `when time-stamp ${aggregate.number} was made`)
    this.#good = { number: aggregate.number, stamp: checked.stamp }
    const by = `time-stamp ${aggregate.number} of ${new Date(at).toISOString()}`
    for (const { origin, root, size } of aggregate.heads)
      this.#heads.push({ origin, size, root: treeHashOfDigest(root), by })
  }

  /** By the registry. The newest may not be yet: its leaf comes behind it. */
  #named(anchor: Anchor, text: string): void {
    const { number } = anchor.aggregate
    const due = this.#due.get(number)
    if (due === undefined) return
    this.#due.delete(number)
    const { aggregate, stamp } = due.record
    if (aggregate === digestOf(text) && stamp === stampDigest(anchor)) return
    this.#say('anchor-wrong', `time-stamp ${number} is not the one that it names`, due.index)
  }

  #follows({ aggregate }: Anchor): void {
    const before = this.#before
    const number = before === undefined ? this.#count : before.aggregate.number + 1
    const previous = before && stampDigest(before)
    if (aggregate.number === number && (aggregate.previous === previous || !before)) return
    this.#say('anchor-wrong', `time-stamp ${aggregate.number} does not follow the one before it`)
  }

  /** RFC 4998: an earlier stamp is as good as the proof that it was there before its certificate expired. */
  #stillSpeaks(at: number, when: string): void {
    if (this.#good === undefined || this.#good.stamp.notAfter >= at) return
    const { number } = this.#good
    const sentence = `the certificate of time-stamp ${number} had expired ${when}: no later one covers it in time`
    this.#say('anchor-expired', sentence)
  }

  #say(kind: FindingKind, sentence: string, index?: number): void {
    const place = index === undefined ? {} : { first: index, last: index }
    this.#findings.push({ chain: this.#options.registry, kind, ...place, sentence })
  }
}
