/** What departments complained of at a witness, answered: the same leaf, under a checkpoint that the witness has cosigned. */
import { hash } from 'node:crypto'
import type { Witness, WitnessedLog } from '../ports/witness.ts'
import { checkpointIn } from './parts.ts'

/** Of one chain at one time; the others come next. */
const MOST_AT_ONCE = 50

/** About one chain. What the witness says is attacker-controlled: it only chooses among our own leaves. */
export async function answerComplaints(
  { witness, ...asked }: { readonly witness: Witness; readonly cosigned: string | undefined },
  log: WitnessedLog,
): Promise<void> {
  const { cosigned } = asked
  if (cosigned === undefined) return
  const reply = await witness.get(`${hash('sha256', log.origin)}/complaints`)
  if (reply.kind === 'away' || reply.status !== 200) return
  const { size } = checkpointIn(cosigned)
  const within = complaintsIn(reply.body).filter(
    ({ chain, index }) => chain === log.origin && index < size,
  )
  for (const { index } of within.slice(0, MOST_AT_ONCE)) {
    const receipt = await log.receipt(index, cosigned, 'leaf')
    if (receipt === undefined) continue
    const answered = await witness.post('complaints', receipt)
    if (answered.kind === 'away') return
  }
}

interface Place {
  readonly chain: string
  readonly index: number
}

function complaintsIn(body: string): readonly Place[] {
  try {
    const { complaints } = JSON.parse(body) as { readonly complaints?: unknown }
    return Array.isArray(complaints) ? complaints.filter(isPlace) : []
  } catch {
    return []
  }
}

function isPlace(value: unknown): value is Place {
  const { chain, index } = Object(value) as Partial<Record<keyof Place, unknown>>
  return typeof chain === 'string' && Number.isSafeInteger(index) && (index as number) >= 0
}
