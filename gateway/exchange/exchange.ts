/**
 * The way of a request, in seven steps (design §2). This file lists them; each is a file beside it.
 *
 * What is known after a crash:
 * - before 3: nothing happened;
 * - after 3: there may be a permit without a disclosure, never a disclosure without a permit;
 * - after 4: the next incarnation writes `unknown`, which counts as disclosed;
 * - after 6: the record says `released`, whether or not the reply got through.
 */
import { identify } from './1-identify.ts'
import { decide } from './2-decide.ts'
import { recordIntent } from './3-record-intent.ts'
import { callProvider } from './4-call-provider.ts'
import { minimise } from './5-minimise.ts'
import { recordOutcome } from './6-record-outcome.ts'
import { reply, replyEarly, replyRefused } from './7-reply.ts'
import type { Call, Reply } from './call.ts'
import type { ExchangeParts } from './parts.ts'
import { beginTrail } from './trail.ts'

export type Exchange = (call: Call) => Promise<Reply>

export function makeExchange(parts: ExchangeParts): Exchange {
  return async (call) => {
    const trail = beginTrail(call, parts)
    try {
      const asked = trail.past(identify(call, trail.trace, parts))
      if (asked.kind === 'ended') return trail.end(replyEarly(asked, call, parts))

      const decided = trail.past(decide(asked, parts))
      if (decided.kind === 'ended') return trail.end(replyEarly(decided, call, parts))

      const intent = trail.past(await recordIntent(decided, parts))
      if (intent.kind === 'ended') return trail.end(replyEarly(intent, call, parts))
      if (intent.kind === 'denied') return trail.end(replyRefused(intent))

      const answer = trail.past(await callProvider(intent, parts))
      const minimised = trail.past(minimise(intent, answer, parts))
      const outcome = trail.past(await recordOutcome(intent, minimised, parts))
      return trail.end(reply(outcome))
    } catch (fault) {
      trail.fault(fault)
      throw fault
    }
  }
}
