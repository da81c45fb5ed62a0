/**
 * The documents and rules that a manifest of the registry chain put in force: what a decision reads, and by which
 * position of the chain it is named. Immutable; a new manifest makes a new one.
 */
import type { Evaluate } from '../../policies/cedar-input.ts'
import type { Registered } from '../../policies/documents/documents.ts'
import type { RuleBook } from '../../policies/rule-book.ts'
import type { ServiceRegistration } from '../../policies/service.ts'
import type { Digest, ServiceId, SubsystemId } from '../../policies/vocabulary.ts'

export class InForce {
  /** Index of the manifest's last leaf in the registry chain. */
  readonly manifest: number
  /** Size of the registry chain when it was read. */
  readonly registry: number
  readonly rules: Digest
  readonly book: RuleBook
  readonly evaluate: Evaluate
  readonly #largestRequests: ReadonlyMap<string, number>

  constructor(parts: {
    readonly manifest: number
    readonly registry: number
    readonly book: RuleBook
    readonly evaluate: Evaluate
  }) {
    this.manifest = parts.manifest
    this.registry = parts.registry
    this.book = parts.book
    this.rules = parts.book.rules.hash
    this.evaluate = parts.evaluate
    this.#largestRequests = new Map(
      [...parts.book.documents.services].map(([id, { document }]) => [
        id,
        document.maxRequestBytes,
      ]),
    )
  }

  /** Whether a subsystem is registered. */
  knows(subsystem: SubsystemId): boolean {
    return this.book.subsystems.has(subsystem)
  }

  /** By a service's id as an outsider spelled it; bytes. */
  largestRequest(id: string): number | undefined {
    return this.#largestRequests.get(id)
  }

  service(id: ServiceId): Registered<ServiceRegistration> | undefined {
    return this.book.documents.services.get(id)
  }
}
