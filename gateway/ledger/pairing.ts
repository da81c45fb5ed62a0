/** Every intent has exactly one outcome (L10): in its own chain, or `unknown` in a later one of the same gateway. */
import type { IntentFacts, OutcomeFacts } from './check-record.ts'

export interface OpenIntent extends IntentFacts {
  readonly chain: string
  readonly index: number
}

export class Pairing {
  /** By chain and index. */
  readonly #open = new Map<string, Map<number, IntentFacts>>()
  /** Chains of which leaves could not be read: what they hold is not known. */
  readonly #broken = new Set<string>()

  /** By chain: intents of so many of its first leaves are not known any more. */
  readonly #pruned = new Map<string, number>()

  intent(chain: string, index: number, facts: IntentFacts): void {
    if (this.#broken.has(chain)) return
    const open = this.#open.get(chain) ?? new Map<number, IntentFacts>()
    this.#open.set(chain, open.set(index, facts))
  }

  /** What is wrong with the outcome; undefined where it finishes an open intent. */
  outcome(chain: string, at: number, facts: OutcomeFacts): string | undefined {
    const of = facts.chain ?? chain
    if (this.#broken.has(of)) return undefined
    const intent = this.#open.get(of)?.get(facts.intent)
    if (intent === undefined) return this.#unknown(of, facts.intent)
    if (intent.exchange !== facts.exchange) return 'it names another exchange than its intent'
    this.#open.get(of)?.delete(facts.intent)
    return of === chain ? undefined : wrongForEarlier(intent, { chain, of, at, facts })
  }

  #unknown(chain: string, intent: number): string | undefined {
    if (intent < (this.#pruned.get(chain) ?? 0)) return undefined
    return `it finishes leaf ${intent} of ${chain}, which is no open intent`
  }

  pruned(chain: string, size: number): void {
    this.#pruned.set(chain, size)
  }

  broken(chain: string): void {
    this.#broken.add(chain)
    this.#open.delete(chain)
  }

  isBroken(chain: string): boolean {
    return this.#broken.has(chain)
  }

  *left(): Generator<OpenIntent> {
    for (const [chain, open] of this.#open) {
      for (const [index, facts] of open) yield { ...facts, chain, index }
    }
  }
}

function wrongForEarlier(
  intent: IntentFacts,
  its: {
    readonly chain: string
    readonly of: string
    readonly at: number
    readonly facts: OutcomeFacts
  },
): string | undefined {
  if (gatewayOf(its.of) !== gatewayOf(its.chain)) return "it finishes another gateway's intent"
  if (its.facts.outcome !== 'unknown') return 'only unknown can be said of an earlier chain'
  // Until the deadline the provider may still have been answering.
  return its.at > intent.deadline ? undefined : "it was recorded before its intent's deadline"
}

/** `<instance>/exchange/<gateway>` of an exchange chain. */
export function gatewayOf(origin: string): string {
  return origin.slice(0, origin.lastIndexOf('/'))
}
