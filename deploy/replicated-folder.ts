/** What a data folder holds that belongs to the log servers: its own chains, each on its lane, and how far they were sent. */
import { join } from 'node:path'
import { CommitReader } from '../adapters/ledger-journal/commit-reader.ts'
import { nodeDisk, type Disk } from '../adapters/ledger-journal/disk.ts'
import { chainFolder, ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import { makeTailDurable } from '../adapters/ledger-journal/make-tail-durable.ts'
import type { Commit, JournalledChain } from '../gateway/ports/chain-journal.ts'
import { FollowedLane, type Progress } from '../gateway/replication/followed-lane.ts'
import { CHECKPOINTS, FollowedPost } from '../gateway/replication/followed-post.ts'
import type { OwnCommits } from '../gateway/replication/fork-proof.ts'
import { gatewayIn, laneOf, nameOf } from '../gateway/replication/lane-of.ts'
import type { GatewayConfig } from './config.ts'
import { registrarOf } from './config/registrar.ts'

type Owner = Pick<GatewayConfig, 'data' | 'gateway' | 'instance' | 'registrar'>

export class ReplicatedFolder implements OwnCommits {
  readonly #owner: Owner
  readonly #disk: Disk

  constructor(owner: Owner, disk: Disk = nodeDisk) {
    this.#owner = owner
    this.#disk = disk
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
      // Those before it are there whole, as far as the hint can be trusted.
      const newest = Math.max(0, origins.indexOf(from?.chain ?? ''))
      const chains = origins.slice(newest).flatMap((one) => this.#onDisk(one))
      const older = (): readonly JournalledChain[] =>
        origins.slice(0, newest).flatMap((one) => this.#onDisk(one))
      return new FollowedLane(where, chains, { from, now, older })
    }
    return [
      ...(this.#writesRegistry ? [lane(registry, [registry])] : []),
      lane(`${instance}/exchange/${gateway}/1`, this.#exchangeChains()),
    ]
  }

  post(): FollowedPost {
    return new FollowedPost(this.#progress().find((one) => one.lane === nameOf(CHECKPOINTS)))
  }

  /** Followed from a registrar, it is his to send. */
  get #writesRegistry(): boolean {
    return registrarOf(this.#owner) === undefined
  }

  journal(origin: string): CommitReader {
    const folder = chainFolder(this.#owner.data, origin)
    return new CommitReader({ folder, origin, disk: this.#disk })
  }

  endingAt(origin: string, size: number): Commit | undefined {
    return this.journal(origin).endingAt(size)
  }

  /** Before anything of it is sent. */
  async makeDurable(lanes: readonly FollowedLane[]): Promise<void> {
    for (const { origin } of lanes.flatMap(({ chains }) => chains)) {
      await makeTailDurable(this.#disk, chainFolder(this.#owner.data, origin))
    }
  }

  /** A hint where to begin to read the next time, and no more: what stands there is compared again. */
  async keep(progress: readonly Progress[]): Promise<void> {
    try {
      await this.#disk.writeLoosely(this.#file, Buffer.from(`${JSON.stringify(progress)}\n`))
    } catch {
      // A full disk, say: then more is read the next time.
    }
  }

  #progress(): readonly Progress[] {
    try {
      const text = this.#disk.readLoosely(this.#file)?.toString('utf8') ?? '[]'
      const kept: unknown = JSON.parse(text)
      return Array.isArray(kept) ? kept.filter(isProgress) : []
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
    const origin = (number: string): string => `${instance}/exchange/${gateway}/${number}`
    return this.#disk
      .list(join(chainFolder(data, origin('1')), '..'))
      .filter((name) => /^[1-9][0-9]{0,14}$/.test(name))
      .sort((one, other) => Number(one) - Number(other))
      .map(origin)
  }

  #onDisk(origin: string): JournalledChain[] {
    if (this.#disk.list(chainFolder(this.#owner.data, origin)).length === 0) return []
    const journal = this.journal(origin)
    return [{ origin, journal, size: journal.size() }]
  }
}

function isProgress(kept: unknown): kept is Progress {
  const { chain, lane, low, offset, size } = Object(kept) as Partial<
    Record<keyof Progress, unknown>
  >
  const isPlace = [low, offset, size].every((one) => Number.isSafeInteger(one) && Number(one) >= 0)
  return isPlace && typeof lane === 'string' && ['string', 'undefined'].includes(typeof chain)
}
