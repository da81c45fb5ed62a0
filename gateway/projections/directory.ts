/** What the metaservices tell: who takes part, what they offer, and what a consumer's agreements let it use. */
import { agreementsInForce } from '../../policies/agreement-index.ts'
import type { ServiceRegistration } from '../../policies/service.ts'
import {
  subsystemOf,
  type EndpointId,
  type Instant,
  type MemberId,
  type ServiceId,
  type SubsystemId,
} from '../../policies/vocabulary.ts'
import type { InForce } from './in-force.ts'

export interface Client {
  readonly id: MemberId | SubsystemId
  readonly name: string
  readonly subsystemName?: string
}

export class RegistryDirectory {
  readonly #inForce: () => InForce
  readonly #now: () => Instant

  constructor(inForce: () => InForce, now: () => Instant) {
    this.#inForce = inForce
    this.#now = now
  }

  clients(): readonly Client[] {
    const members = [...this.#inForce().book.documents.members.values()]
    return members.flatMap(({ document: { id, name, subsystems } }): Client[] => [
      { id, name: name.zh },
      ...subsystems.map((subsystem) => ({
        id: subsystem.id,
        name: name.zh,
        subsystemName: subsystem.title.zh,
      })),
    ])
  }

  services(provider: SubsystemId): readonly ServiceRegistration[] {
    const services = [...this.#inForce().book.documents.services.values()]
    return services.map(({ document }) => document).filter(({ id }) => subsystemOf(id) === provider)
  }

  /** For whichever controller the consumer acts: what any agreement in force covers. */
  allowed(consumer: SubsystemId, service: ServiceId): ReadonlySet<EndpointId> {
    const { agreements, documents } = this.#inForce().book
    const at = this.#now()
    const endpoints = documents.services.get(service)?.document.endpoints ?? []
    const candidates = agreements.get(consumer)?.get(service) ?? []
    const controllers = new Set(candidates.map(({ agreement }) => agreement.consumerController))
    return new Set(
      endpoints
        .map(({ id }) => id)
        .filter((endpoint) =>
          [...controllers].some((controller) => {
            const sought = { consumer, service, endpoint, controller, purpose: undefined, at }
            return agreementsInForce(agreements, sought).length > 0
          }),
        ),
    )
  }
}
