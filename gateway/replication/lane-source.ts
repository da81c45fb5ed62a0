/**
 * Chains read back from a log server, for an auditor who trusts it for nothing. Which commits belong to a chain, and what else stands
 * under its name, is told by `commit-order.ts`.
 */
import type { Carried, Chunk, Part } from '../ledger/chunk.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { Lane, ReadMessage } from '../ports/log-transport.ts'
import { candidateOf, type Candidate, type WhoseChain } from './candidate.ts'
import { Settling, unknownWhose, type Told } from './claim.ts'
import { CommitOrder } from './commit-order.ts'
import { gatewayIn, isRegistry, laneOf, nameOf } from './lane-of.ts'
import { decodeCommit } from './message.ts'
import { Signers } from './signers.ts'
import { OpenLane, type ReadableLog, type Stretch } from './open-lane.ts'

const CHUNK_BYTES = 1024 * 1024

/** `settle` resolves when what was written before is on the server. */
export function laneSource(
  log: ReadableLog,
  keys: PinnedKeys,
  settle: () => Promise<void> = () => Promise.resolve(),
): ChainSource {
  const lanes: OpenLane[] = []
  const whose = new Map<OpenLane, Signers>()
  const look = async (): Promise<void> => {
    for (const lane of lanesOf(log.partitions).slice(lanes.length)) {
      const opened = await OpenLane.open(log, lane)
      lanes.push(opened)
      whose.set(opened, new Signers(opened, keys))
    }
    for (const lane of lanes) await lane.look()
  }
  return {
    async chains() {
      await look()
      return lanes.flatMap((lane) =>
        lane.chains().map((found) => ({
          ...found,
          isSigned: () => whose.get(lane)?.signed(found.origin) ?? Promise.resolve(false),
        })),
      )
    },
    async *read(origin) {
      if (lanes.length === 0) await look()
      const own = ownLane(lanes, origin, log.partitions)
      // Last of all: what somebody copied to another lane meanwhile is of commits that stand here by now.
      await own?.look()
      const all = own === undefined ? lanes : [own, ...lanes.filter((lane) => lane !== own)]
      const stretches = all.flatMap((lane) => lane.stretch(origin) ?? [])
      if (stretches.length > 0)
        yield* new ChainOnLanes(stretches, { origin, key: keys.forChain(origin) }).run()
    },
    settle,
    mayLag: true,
    async close() {
      for (const lane of lanes) await lane.reader.close()
    },
  }
}

function lanesOf(partitions: number): Lane[] {
  const exchange = Array.from({ length: partitions }, (_, partition): Lane => ({
    topic: 'exchange',
    partition,
  }))
  return [{ topic: 'registry', partition: 0 }, ...exchange]
}

/** Where a chain belongs, by its name; it is read first. What stands under its name elsewhere must be the same. */
function ownLane(
  lanes: readonly OpenLane[],
  origin: string,
  partitions: number,
): OpenLane | undefined {
  if (!isRegistry(origin) && gatewayIn(origin) === undefined) return undefined
  const name = nameOf(laneOf(origin, partitions))
  return lanes.find((lane) => lane.name === name)
}

class ChainOnLanes {
  readonly #stretches: readonly Stretch[]
  readonly #chain: WhoseChain
  readonly #order: CommitOrder
  #parts: Part[] = []
  #bytes: Buffer[] = []
  #length = 0

  constructor(stretches: readonly Stretch[], chain: WhoseChain) {
    this.#stretches = stretches
    this.#chain = chain
    this.#order = new CommitOrder({
      take: (commit, isDoubtful) => {
        this.#take(commit, isDoubtful)
      },
      tell: (finding, ends) => {
        this.#tell(finding, ends)
      },
    })
  }

  async *run(): AsyncGenerator<Chunk> {
    for await (const { message, partition } of this.#messages()) {
      const goesOn = this.#message(message, partition)
      if (this.#length >= CHUNK_BYTES) yield this.#chunk()
      if (!goesOn) break
    }
    if (this.#order.undecided.length > 0) await this.#readAgain()
    this.#order.end()
    if (this.#parts.length > 0) yield this.#chunk()
  }

  /** Up to the same offsets, so that it takes what the first reading took. */
  async #readAgain(): Promise<void> {
    const settling = new Settling(this.#order.undecided, (finding) => {
      this.#tell(finding, false)
    })
    const order = new CommitOrder({
      take: (commit) => {
        settling.take(commit)
      },
      tell: () => undefined,
    })
    for await (const { message, partition } of this.#messages()) {
      const commit = decodeCommit(message.value)
      const stands = { partition, offset: message.offset }
      if (commit !== undefined && !order.offer(candidateOf(commit, stands, this.#chain))) break
    }
  }

  async *#messages(): AsyncGenerator<{ message: ReadMessage; partition: number }> {
    const { origin } = this.#chain
    for (const stretch of this.#stretches) {
      for await (const message of stretch.messages()) {
        if (message.key === origin) yield { message, partition: stretch.partition }
      }
    }
  }

  #message({ offset, value }: ReadMessage, partition: number): boolean {
    const commit = decodeCommit(value)
    if (commit !== undefined) {
      return this.#order.offer(candidateOf(commit, { partition, offset }, this.#chain))
    }
    const { due } = this.#order
    const sentence = `partition ${partition}, offset ${offset}: the message is no commit`
    this.#tell({ kind: 'foreign', first: due, last: due, sentence }, false)
    return true
  }

  #take({ count, first, offset, partition, payload }: Candidate, isDoubtful?: true): void {
    const [start, end] = [this.#length, this.#length + payload.length]
    const part: Carried = { type: 'batch', first, count, start, end, segment: partition, offset }
    this.#parts.push(isDoubtful === true ? { ...part, isDoubtful } : part)
    this.#bytes.push(payload)
    this.#length = end
  }

  #tell(told: Told, ends: boolean): void {
    const { key, origin } = this.#chain
    const finding = key === undefined && told.kind === 'fork' ? unknownWhose(told) : told
    this.#parts.push({ type: 'damage', finding: { chain: origin, ...finding }, ends })
  }

  #chunk(): Chunk {
    const own = Buffer.from(new ArrayBuffer(this.#length))
    let at = 0
    for (const piece of this.#bytes) at += piece.copy(own, at)
    const chunk = { bytes: own, parts: this.#parts }
    this.#parts = []
    this.#bytes = []
    this.#length = 0
    return chunk
  }
}
