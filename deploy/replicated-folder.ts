/** What a data folder holds that belongs to the log servers: its own chains, each on its lane, and how far they were sent. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../adapters/certs-folder/durable-file.ts'
import { CommitReader } from '../adapters/ledger-journal/commit-reader.ts'
import { chainFolder, exchangeFolders, ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import type { JournalledChain } from '../gateway/ports/chain-journal.ts'
import { FollowedLane, nameOf, type Progress } from '../gateway/replication/followed-lane.ts'
import { gatewayIn, laneOf } from '../gateway/replication/lane-of.ts'
import type { GatewayConfig } from './config.ts'
import { registrarOf } from './config/registrar.ts'

type Owner = Pick<GatewayConfig, 'data' | 'gateway' | 'instance' | 'registrar'>

export class ReplicatedFolder {
  readonly #owner: Owner

  constructor(owner: Owner) {
    this.#owner = owner
  }

  isOwn(origin: string): boolean {
    const { gateway, instance } = this.#owner
    return (
      (this.#writesRegistry && origin === `${instance}/registry`) ||
      gatewayIn(origin) === `${instance}/exchange/${gateway}`
    )
  }

  /** The registry first: a chain's genesis goes before its leaves. */
  lanes(partitions: number, now: number): FollowedLane[] {
    const { gateway, instance } = this.#owner
    const registry = `${instance}/registry`
    const progress = this.#progress()
    const lane = (origin: string, origins: readonly string[]): FollowedLane => {
      const where = laneOf(origin, partitions)
      const from = progress.find((one) => one.lane === nameOf(where))
      // Those before it are there whole.
      const newest = origins.slice(Math.max(0, origins.indexOf(from?.chain ?? '')))
      const chains = newest.flatMap((one) => this.#onDisk(one))
      return new FollowedLane(where, chains, { from, now })
    }
    return [
      ...(this.#writesRegistry ? [lane(registry, [registry])] : []),
      lane(`${instance}/exchange/${gateway}/1`, this.#exchangeChains()),
    ]
  }

  /** Followed from a registrar, it is his to send. */
  get #writesRegistry(): boolean {
    return registrarOf(this.#owner) === undefined
  }

  journal(origin: string): CommitReader {
    return new CommitReader({ folder: chainFolder(this.#owner.data, origin), origin })
  }

  /** A hint where to begin to read the next time, and no more: what stands there is compared again. */
  keep(progress: readonly Progress[]): void {
    try {
      replaceFile(this.#file, `${JSON.stringify(progress)}\n`, 0o600)
    } catch {
      // A full disk, say: then more is read the next time.
    }
  }

  #progress(): readonly Progress[] {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as readonly Progress[]
    } catch {
      return []
    }
  }

  get #file(): string {
    return join(ledgerFolder(this.#owner.data), 'replication.json')
  }

  /** Oldest first. */
  #exchangeChains(): string[] {
    const { data, gateway, instance } = this.#owner
    return exchangeFolders(data)
      .map((folder) => Number(folder.slice(folder.lastIndexOf('/') + 1)))
      .sort((one, other) => one - other)
      .map((number) => `${instance}/exchange/${gateway}/${String(number)}`)
      .filter((origin) => this.isOwn(origin))
  }

  #onDisk(origin: string): JournalledChain[] {
    if (!existsSync(chainFolder(this.#owner.data, origin))) return []
    const journal = this.journal(origin)
    return [{ origin, journal, size: journal.size() }]
  }
}
