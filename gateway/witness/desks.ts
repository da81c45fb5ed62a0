/** The desks of a witness, which take turns: two of them never look at one chain at the same time. */
import { CheckpointDesk } from './checkpoint-desk.ts'
import { ComplaintDesk } from './complaint-desk.ts'
import { GenesisDesk } from './genesis-desk.ts'
import { OneAtATime } from './parts.ts'
import type { WitnessParts } from './parts.ts'

export interface Desks {
  readonly checkpoints: CheckpointDesk
  readonly geneses: GenesisDesk
  readonly complaints: ComplaintDesk
}

export function witnessDesks(its: Omit<WitnessParts, 'turns'>): Desks {
  const parts = { ...its, turns: new OneAtATime() }
  return {
    checkpoints: new CheckpointDesk(parts),
    geneses: new GenesisDesk(parts),
    complaints: new ComplaintDesk(parts),
  }
}
