/** The connections to one provider. They are bounded, and not one outlives the good standing of its certificate. */
import type { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { Pool } from 'undici'
import type { Peer, Standing } from '../../certs/peer.ts'
import type { ProviderFinding } from '../../certs/peer-identity.ts'
import type { Clock } from '../../gateway/ports/clock.ts'
import type { Digest, Instant, SubsystemId } from '../../policies/vocabulary.ts'
import { connector } from './connect.ts'

export interface Connections {
  /** The gateway's own certificate and key, and the CA chain that providers are verified against; PEM. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: readonly string[] }
  /** `findProvider` of certs/, with its trust. */
  readonly find: (
    certificate: X509Certificate | undefined,
    expected: SubsystemId,
  ) => ProviderFinding
  readonly standing: (peer: Peer, now: Instant) => Standing
  readonly clock: Clock
  readonly limits?: Partial<ConnectionLimits>
}

export interface ConnectionLimits {
  /** Connections to one provider, and so requests to it at one time. */
  readonly connections: number
  readonly connectMs: number
  /** How long an idle connection is kept where the provider does not say. */
  readonly idleMs: number
  readonly maxHeaderBytes: number
}

const LIMITS: ConnectionLimits = {
  connections: 256,
  connectMs: 5_000,
  idleMs: 30_000,
  maxHeaderBytes: 16_384,
}

export class ProviderPool {
  readonly #subsystem: SubsystemId
  readonly #origin: string
  readonly #parts: Connections
  readonly #limits: ConnectionLimits
  readonly #context: SecureContext
  /** The certificates behind the open connections: one, but for a renewal. */
  #peers = new Map<Digest, Peer>()
  #pool: Pool
  #inside = 0

  constructor(subsystem: SubsystemId, origin: string, parts: Connections) {
    this.#subsystem = subsystem
    this.#origin = origin
    this.#parts = parts
    this.#limits = { ...LIMITS, ...parts.limits }
    const { cert, key, ca } = parts.tls
    this.#context = createSecureContext({ cert, key, ca: [...ca], minVersion: 'TLSv1.2' })
    this.#pool = this.#open()
  }

  /**
   * False while as many requests as connections are under way. So nothing queues behind a provider that does not
   * answer, and what is given up before it had a connection counts until its connecting has ended.
   */
  hasRoom(): boolean {
    return this.#inside < this.#limits.connections
  }

  /** Takes a place; the answer gives it back, once. */
  enter(): () => void {
    this.#inside += 1
    let inside = true
    return () => {
      if (inside) this.#inside -= 1
      inside = false
    }
  }

  /**
   * Asked for each request: a certificate is revoked or expires while its connection lives. Then a new pool connects
   * anew, and whoever is still revoked is refused there; requests that were already sent end by themselves.
   */
  current(): Pool {
    const now = this.#parts.clock.now()
    for (const peer of this.#peers.values()) {
      if (this.#parts.standing(peer, now) === 'good') continue
      void this.#pool.close()
      this.#peers = new Map()
      this.#pool = this.#open()
      break
    }
    return this.#pool
  }

  /** Takes nothing new; each connection ends with its last answer. */
  retire(): void {
    void this.#pool.close()
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  #open(): Pool {
    const peers = this.#peers
    return new Pool(this.#origin, {
      connections: this.#limits.connections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: this.#limits.idleMs,
      maxHeaderSize: this.#limits.maxHeaderBytes,
      connect: connector({
        context: this.#context,
        timeoutMs: this.#limits.connectMs,
        admit: (certificate) => this.#admit(certificate, peers),
      }),
    })
  }

  #admit(certificate: X509Certificate | undefined, peers: Map<Digest, Peer>): Peer | undefined {
    const finding = this.#parts.find(certificate, this.#subsystem)
    if (finding.kind === 'refused') return undefined
    const { peer } = finding
    if (this.#parts.standing(peer, this.#parts.clock.now()) !== 'good') return undefined
    peers.set(peer.certificate, peer)
    return peer
  }
}
