/** A Kafka of one node or three on loopback, in a folder: `access/` (who may come), `node-1/` …, `kafka.json` (where it is). */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../free-ports.ts'
import { KafkaAccess } from './access.ts'
import { ServiceFault } from './java.ts'
import { KafkaNode } from './node.ts'
import type { NodePlan } from './properties.ts'

export interface ClusterPlan {
  readonly nodes: 1 | 3
  /** More options for the brokers' Java. */
  readonly java?: readonly string[]
}

/** What is kept between two starts, so that clients find the cluster where it was. */
interface Kept {
  readonly id: string
  readonly nodes: readonly NodePlan[]
}

const PORTS_A_NODE = 3
const TRIES = 3

export class KafkaCluster {
  readonly access: KafkaAccess
  readonly nodes: readonly KafkaNode[]

  private constructor(access: KafkaAccess, nodes: readonly KafkaNode[]) {
    this.access = access
    this.nodes = nodes
  }

  /** Starts the cluster of this folder, or a new one where there is none. */
  static async start(folder: string, plan: ClusterPlan = { nodes: 1 }): Promise<KafkaCluster> {
    for (let attempt = 1; ; attempt += 1) {
      const cluster = await KafkaCluster.#prepare(folder, plan, attempt === 1)
      try {
        await Promise.all(cluster.nodes.map((node) => node.start()))
        return cluster
      } catch (fault) {
        await Promise.all(cluster.nodes.map((node) => node.kill()))
        // Somebody took the port since we looked.
        if (!(fault instanceof ServiceFault && /BindException|in use/.test(fault.message)))
          throw fault
        if (attempt === TRIES) throw fault
      }
    }
  }

  static async #prepare(folder: string, plan: ClusterPlan, same: boolean): Promise<KafkaCluster> {
    mkdirSync(folder, { recursive: true })
    const access = await KafkaAccess.make(join(folder, 'access'))
    const kept = await keptIn(folder, plan, same)
    const nodes = kept.nodes.map((one) => new KafkaNode(one, plan.java))
    await Promise.all(nodes.map((node) => node.prepare(kept.nodes, access, kept)))
    return new KafkaCluster(access, nodes)
  }

  /** `host:port` for clients with a certificate. */
  get brokers(): string[] {
    return this.nodes.map(({ plan }) => `127.0.0.1:${plan.ports.mtls}`)
  }

  /** `host:port` for clients with a password. */
  get scramBrokers(): string[] {
    return this.nodes.map(({ plan }) => `127.0.0.1:${plan.ports.scram}`)
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }

  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()))
  }
}

async function keptIn(folder: string, plan: ClusterPlan, same: boolean): Promise<Kept> {
  const path = join(folder, 'kafka.json')
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Kept) : undefined
  if (before !== undefined && before.nodes.length !== plan.nodes) {
    throw new ServiceFault(
      `${folder} holds a Kafka of ${before.nodes.length} nodes, not ${plan.nodes}: name another folder`,
    )
  }
  if (before !== undefined && same) return before
  const ports = await freePorts(plan.nodes * PORTS_A_NODE)
  const nodes = Array.from({ length: plan.nodes }, (_, index): NodePlan => {
    const [mtls = 0, scram = 0, controller = 0] = ports.slice(index * PORTS_A_NODE)
    return {
      id: index + 1,
      folder: join(folder, `node-${index + 1}`),
      ports: { mtls, scram, controller },
    }
  })
  const kept = { id: before?.id ?? randomBytes(16).toString('base64url'), nodes }
  writeFileSync(path, JSON.stringify(kept))
  return kept
}
