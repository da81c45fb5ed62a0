/**
 * Once a minute the heads of this gateway's open chains are time-stamped, and the stamp is a leaf of the registry. No exchange waits for it: an
 * authority that is away is asked again, later and later, and the operator is told.
 *
 * In this order: stamp → durable in the folder of anchors → leaf. What a crash leaves in between is a stamp without a leaf, which the
 * next look completes.
 */
import type { AnchorsFolder } from '../adapters/checkpoints-folder/anchors-folder.ts'
import { aggregateOf, aggregateText, stampDigest } from '../gateway/ledger/anchor.ts'
import type { Anchor } from '../gateway/ledger/anchor.ts'
import type { Head } from '../gateway/ledger/entry.ts'
import { digestOf } from '../gateway/ledger/hash.ts'
import type { AnchorRecord } from '../gateway/ledger/registry-events.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { CheckStamp, Stamp, TimestampAuthority } from '../gateway/ports/timestamp-authority.ts'
import { appendAll, type RegistryWriter } from '../gateway/registry/publish.ts'
import { canonicalJson } from '../policies/canonical-json.ts'
import type { GatewayId, Instant } from '../policies/vocabulary.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

export interface AnchoringParts {
  readonly authority: TimestampAuthority
  readonly check: CheckStamp
  readonly folder: AnchorsFolder
  readonly registry: RegistryWriter
  readonly gateway: GatewayId
  /** The open chains that this process writes. */
  readonly heads: () => readonly Head[]
  readonly clock: Clock
  /** How often at most, milliseconds. */
  readonly everyMs: number
  /** A stamp whose certificate ends sooner is renewed, even if nothing has changed; milliseconds. */
  readonly renewBeforeMs: number
  readonly report: Report
}

export interface AnchorStatus {
  /** The newest time-stamp that is on record. */
  readonly last?: { readonly number: number; readonly at: Instant; readonly notAfter: Instant }
  /** Its certificate ends soon, and the authority has no later one. */
  readonly isEnding?: true
  /** Since when there have been leaves that no time-stamp covers. */
  readonly uncoveredSince?: Instant
  /** Since when no time-stamp can be had, and why. */
  readonly failing?: { readonly since: Instant; readonly sentence: string }
}

const LOOK_MS = 1_000
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 300_000
/** A renewal that brings no later certificate is not tried again before; milliseconds. */
const RENEWAL_PAUSE_MS = 86_400_000

export class Anchoring {
  readonly #parts: AnchoringParts
  #last: Anchor | undefined
  #stamp: Stamp | undefined
  /** Heads that need no further stamp: those of the last one, and its own leaf. */
  #covered = ''
  #uncoveredSince: Instant | undefined
  #isEnding = false
  #failing: AnchorStatus['failing']
  #pauseMs = 0
  #lookedAt = 0
  #notBefore = 0
  #renewNotBefore = 0

  private constructor(parts: AnchoringParts) {
    this.#parts = parts
  }

  static async open(parts: AnchoringParts): Promise<Anchoring> {
    const anchoring = new Anchoring(parts)
    const { check, folder, report } = parts
    const last = folder.last
    if (last === undefined) return anchoring
    const checked = await check(last.token, textOf(last))
    if (checked.kind === 'good') anchoring.#stamp = checked.stamp
    else report(`the newest time-stamp, ${String(last.aggregate.number)}: ${checked.sentence}`)
    anchoring.#last = last
    return anchoring
  }

  status(): AnchorStatus {
    const { at, notAfter } = this.#stamp ?? {}
    const number = this.#last?.aggregate.number
    return {
      ...(number !== undefined && at && notAfter && { last: { number, at, notAfter } }),
      ...(this.#isEnding && { isEnding: true }),
      ...(this.#uncoveredSince !== undefined && { uncoveredSince: this.#uncoveredSince }),
      ...(this.#failing && { failing: this.#failing }),
    }
  }

  /** To be called every second or so; one call at a time. Never throws: what goes wrong is told, and tried again. */
  async look(signal?: AbortSignal): Promise<void> {
    const now = this.#parts.clock.now()
    if (now < this.#lookedAt) this.#setBack(now)
    this.#lookedAt = now
    if (now < this.#notBefore) return
    try {
      await this.#recordLeaf()
      const heads = this.#parts.heads()
      if (spelled(heads) === this.#covered) {
        if (!this.#isRenewalDue(now)) return
      } else this.#uncoveredSince ??= now
      await this.#stampHeads(heads, signal)
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : 'a thrown value'
      this.#failed(`it can not be put on record: ${why}`)
    }
  }

  /** The clock was ahead and is not any more: what was put off until a time that it named would wait for that time. */
  #setBack(now: Instant): void {
    this.#notBefore = 0
    this.#renewNotBefore = 0
    if ((this.#uncoveredSince ?? now) > now) this.#uncoveredSince = now
    if (this.#failing !== undefined && this.#failing.since > now)
      this.#failing = { ...this.#failing, since: now }
  }

  #isRenewalDue(now: Instant): boolean {
    const ends = this.#stamp?.notAfter
    if (ends === undefined || ends - this.#parts.renewBeforeMs > now) return false
    return now >= this.#renewNotBefore
  }

  async #stampHeads(heads: readonly Head[], signal: AbortSignal | undefined): Promise<void> {
    const { authority, clock, folder } = this.#parts
    const before = this.#before()
    const aggregate = aggregateOf(heads, before)
    const stamped = await authority.stamp(Buffer.from(aggregateText(aggregate)), signal)
    if (stamped.kind === 'refused') {
      this.#failed(stamped.sentence)
      return
    }
    const { stamp, token } = stamped
    const earlier = this.#stamp
    if (earlier !== undefined && stamp.at + stamp.accuracyMs < earlier.at - earlier.accuracyMs) {
      this.#failed('the authority’s time lies before that of an earlier time-stamp')
      return
    }
    const anchor = { aggregate, token }
    await folder.append(anchor)
    this.#last = anchor
    this.#stamp = stamp
    this.#isEnding = stamp.notAfter - this.#parts.renewBeforeMs <= clock.now()
    // Nothing is won by asking again at once.
    if (this.#isEnding) this.#renewNotBefore = clock.now() + RENEWAL_PAUSE_MS
    await this.#recordLeaf()
    this.#succeeded(heads)
  }

  /** The newest anchor, as the next one names it; where the folder was lost, as the registry does. */
  #before(): { readonly number: number; readonly stamp: AnchorRecord['stamp'] } | undefined {
    const lastAnchor = this.#recorded()
    const kept = this.#last && {
      number: this.#last.aggregate.number,
      stamp: stampDigest(this.#last),
    }
    return (kept?.number ?? 0) >= (lastAnchor?.number ?? 0) ? kept : lastAnchor
  }

  /** Of the newest anchor, where it is not there yet. */
  async #recordLeaf(): Promise<void> {
    const { clock, gateway, registry } = this.#parts
    const anchor = this.#last
    const recorded = this.#recorded()?.number ?? 0
    if (anchor === undefined || anchor.aggregate.number <= recorded) return
    const record: AnchorRecord = {
      aggregate: digestOf(textOf(anchor)),
      at: clock.now(),
      gateway,
      number: anchor.aggregate.number,
      stamp: stampDigest(anchor),
      v: 1,
    }
    await appendAll(registry, [{ kind: 'anchor', record: canonicalJson({ ...record }) }])
  }

  #recorded(): AnchorRecord | undefined {
    const { gateway, registry } = this.#parts
    return registry.view.upkeep.lastAnchor(gateway)
  }

  #succeeded(stamped: readonly Head[]): void {
    const { registry, report } = this.#parts
    const { chain } = registry
    // Its own leaf needs no stamp; anything else that came meanwhile does.
    const covered = stamped.map((head) =>
      head.origin === chain.origin && head.size + 1 === chain.head().size ? chain.head() : head,
    )
    this.#covered = spelled(covered)
    this.#uncoveredSince = undefined
    this.#pauseMs = 0
    this.#notBefore = this.#parts.clock.now() + this.#parts.everyMs
    if (this.#failing !== undefined) report('time-stamps are made again', 'nobody')
    this.#failing = undefined
  }

  #failed(sentence: string): void {
    const { clock, report } = this.#parts
    const now = clock.now()
    if (this.#failing?.sentence !== sentence) {
      report(
        `no time-stamp for the ledger: ${sentence}. Exchanges go on; it is tried again.`,
        'watch',
      )
    }
    this.#failing = { since: this.#failing?.since ?? now, sentence }
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.#pauseMs))
    this.#notBefore = now + this.#pauseMs
  }
}

function textOf({ aggregate }: Anchor): Buffer {
  return Buffer.from(aggregateText(aggregate))
}

function spelled(heads: readonly Head[]): string {
  const names = heads.map(({ origin, root, size }) => `${origin} ${String(size)} ${root}`)
  return names.sort().join('\n')
}

/** Looks every second, in the background. */
export function keepAnchoring(anchoring: Anchoring): { stop(): Promise<void> } {
  const stopping = new AbortController()
  let looking: Promise<void> | undefined
  const timer = setInterval(() => {
    looking ??= anchoring.look(stopping.signal).finally(() => (looking = undefined))
  }, LOOK_MS).unref()
  return {
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await looking
    },
  }
}
