/** The reply as it will leave, but for the receipt: the outcome commits to its body before a byte of it leaves. */
import type { Intent } from './3-record-intent.ts'
import type { Minimised } from './5-minimise.ts'
import type { Reply } from './call.ts'
import { ownHeaders } from './own-headers.ts'
import { problem } from './problem.ts'
import { passedHeaders } from './wire/to-consumer.ts'

export function draft(intent: Intent, minimised: Minimised): Reply {
  const { asked, endpoint } = intent.decided
  const own = ownHeaders(asked)
  const { answer, body, reason } = minimised
  if (answer !== undefined && body !== undefined) {
    const passed = passedHeaders(answer.headers, endpoint.responseHeaders)
    return { status: answer.status, headers: [...passed, ...own], body }
  }
  const refused = problem(reason ?? 'Server.Internal', {
    accept: asked.headers.accept,
    exchange: asked.exchange,
    // The provider's own status passes, its words don't.
    status: minimised.outcome === 'released' ? answer?.status : undefined,
  })
  return { ...refused, headers: [...refused.headers, ...own] }
}
