/** Under which names of a lane their keys have signed something: a name costs nobody anything. */
import type { NoteKey } from '../ledger/note.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'
import { candidateOf, isSigned } from './candidate.ts'
import { gatewayIn } from './lane-of.ts'
import { decodeCommit } from './message.ts'
import { messagesOf, type OpenLane } from './open-lane.ts'
import type { ReadMessage } from '../ports/log-transport.ts'

export class Signers {
  readonly #lane: OpenLane
  readonly #keys: PinnedKeys
  readonly #signed = new Set<string>()
  #next = 0

  constructor(lane: OpenLane, keys: PinnedKeys) {
    this.#lane = lane
    this.#keys = keys
  }

  /** Whether one message under the name is a commit as a log of that name writes it. All names are asked after in one reading. */
  async signed(origin: string | undefined): Promise<boolean | 'no key'> {
    if (origin === undefined) return false
    if (this.#keyOf(origin) === undefined) return gatewayIn(origin) === undefined ? false : 'no key'
    for await (const message of messagesOf(this.#lane.reader, this.#next, this.#lane.last)) {
      this.#next = message.offset + 1
      this.#take(message)
    }
    return this.#signed.has(origin)
  }

  #take({ key: origin, offset, value }: ReadMessage): void {
    if (origin === undefined || this.#signed.has(origin)) return
    const commit = decodeCommit(value)
    const key = this.#keyOf(origin)
    if (commit === undefined || key === undefined) return
    const stands = { partition: this.#lane.partition, offset }
    if (isSigned(candidateOf(commit, stands, { origin, key }))) this.#signed.add(origin)
  }

  #keyOf(origin: string): NoteKey | undefined {
    return this.#keys.forChain(origin)
  }
}
