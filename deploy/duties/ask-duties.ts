/** The officer's side of the conversation: with the running gateway, or with this very process where none runs. */
import { knockAtDutyDoor } from '../../adapters/duty-socket/duty-socket.ts'
import type { CopyFor } from '../../gateway/erasure/erase.ts'
import type { DutyStep } from '../../gateway/erasure/parts.ts'
import type { Conversation } from '../../gateway/ports/conversation.ts'
import type { Outcome, Saying } from './duties.ts'
import { withoutGateway } from './offline.ts'
import type { Asking } from './order.ts'
import { conversationPair } from './pair.ts'

export interface Listener {
  readonly onStep?: (step: DutyStep) => void
  /** Returns once the copies are durable; if it throws, nothing is erased. */
  readonly onCopies?: (copies: readonly CopyFor[]) => void
}

/** What the other side could not do, in its own words. */
export class DutyFault extends Error {
  override readonly name = 'DutyFault'
}

export async function askDuties(
  data: string,
  asking: Asking,
  listener: Listener = {},
): Promise<Outcome> {
  const door = await knockAtDutyDoor(data)
  if (door !== undefined) return converse(door, asking, listener)
  return withoutGateway(data, async (duties) => {
    const [ours, theirs] = conversationPair()
    const talking = duties.talk(theirs)
    try {
      return await converse(ours, asking, listener)
    } finally {
      await talking
    }
  })
}

async function converse(
  conversation: Conversation,
  asking: Asking,
  { onCopies, onStep }: Listener,
): Promise<Outcome> {
  try {
    conversation.send(asking)
    for (;;) {
      const said = (await conversation.receive()) as Saying
      if (said.say === 'done') return said.outcome
      if (said.say === 'fault') throw new DutyFault(said.message)
      if (said.say === 'step') onStep?.(said.step)
      if (said.say === 'copies') {
        onCopies?.(said.copies)
        conversation.send({ answer: 'kept' })
      }
    }
  } finally {
    conversation.close()
  }
}
