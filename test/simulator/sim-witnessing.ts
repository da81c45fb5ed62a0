/** What `deploy/open-witnessing.ts` does for a process, on time that is only told: chains published to its witnesses in rounds. */
import { witnessedLog, type OpenedWitnessing } from '../../deploy/open-witnessing.ts'
import type { CheckpointStore, PublishedCheckpoint } from '../../gateway/ports/checkpoint-store.ts'
import type { Clock } from '../../gateway/ports/clock.ts'
import { Publisher } from '../../gateway/witness/publisher.ts'
import type { Schedule } from './schedule.ts'
import type { SimWitness } from './sim-witness.ts'

/** Each second in the product; a story need not be so long. */
const EACH_MS = 3_000
export const REQUIRED = 2

export function simWitnessing(parts: {
  readonly witnesses: readonly SimWitness[]
  readonly published: PublishedCheckpoint[]
  readonly schedule: Schedule
  readonly clock: Clock
  readonly isAlive: () => boolean
  /** The registry, where another process writes it. */
  readonly followed?: string | undefined
}): Pick<OpenedWitnessing, 'add' | 'covers'> {
  const { clock, followed, isAlive, published, schedule, witnesses } = parts
  const publisher = new Publisher({
    // The connections of a process end with it; what was on its way arrives all the same.
    witnesses: witnesses.map((witness) => ({
      vkey: witness.vkey,
      post: (path, body) => (isAlive() ? witness.post(path, body) : AWAY),
      get: () => AWAY,
    })),
    require: REQUIRED,
    store: storeIn(published, isAlive),
    clock,
    elapsed: () => schedule.now,
    pause: (milliseconds) => schedule.sleep(milliseconds),
    report: () => undefined,
  })
  const round = (): void => {
    if (!isAlive()) return
    void publisher.round()
    schedule.after(EACH_MS, round)
  }
  schedule.after(EACH_MS, round)
  return {
    add: (origin, archive, genesis) => {
      const isFollowed = origin === followed
      publisher.add({ ...witnessedLog(origin, archive), isFollowed }, genesis)
    },
    async covers(origin, index) {
      const covered = publisher.covers(origin, index)
      void publisher.round()
      await covered
    },
  }
}

const AWAY = Promise.resolve({ kind: 'away', why: 'unreachable' } as const)

function storeIn(published: PublishedCheckpoint[], isAlive: () => boolean): CheckpointStore {
  return {
    get length() {
      return published.length
    },
    async publish(checkpoint) {
      if (isAlive()) published.push(checkpoint)
      return published.length - 1
    },
    read: (from) => published.slice(from),
    close: () => Promise.resolve(),
  }
}
