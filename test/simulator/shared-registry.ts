/** Three gateways of a simulated world share a registry: what must hold of it after everything that happens, and who is who. */
import { checkFollowed, checkLives } from './check-registry.ts'
import type { Observed } from './observed.ts'
import type { SimGateway } from './sim-gateway.ts'

export class SharedRegistry {
  readonly registrar: SimGateway
  readonly followers: readonly SimGateway[]
  readonly #observed: Observed
  readonly #origin: string
  /** Leaves that each has said it followed. */
  readonly #followed = new Map<SimGateway, number>()

  constructor(gateways: readonly SimGateway[], registrar: SimGateway, observed: Observed) {
    this.registrar = registrar
    this.followers = gateways.filter((gateway) => gateway !== registrar)
    this.#observed = observed
    this.#origin = `${registrar.config.instance}/registry`
  }

  /** The moment a gateway believes a leaf, it is the registrar's. */
  look(): void {
    for (const follower of this.followers) {
      const chain = follower.chains.find(({ origin }) => origin === this.#origin)
      const size = chain?.head().size ?? 0
      if (size <= (this.#followed.get(follower) ?? 0)) continue
      this.#followed.set(follower, size)
      this.#judged(() => {
        checkFollowed(follower, this.registrar, size)
      })
    }
  }

  check(): void {
    this.#judged(() => {
      checkLives(this.registrar, this.#observed)
    })
    for (const follower of this.followers) {
      this.#judged(() => {
        checkFollowed(follower, this.registrar, this.#followed.get(follower) ?? 0)
      })
    }
  }

  #judged(check: () => void): void {
    try {
      check()
    } catch (fault) {
      this.#observed.fail(fault instanceof Error ? fault : new Error('a thrown value'))
    }
  }
}
