/** What departments complained of at a witness, answered: the same leaf, under a checkpoint that the witness has cosigned. */
import type { WitnessedLog } from '../ports/witness.ts'
import type { AskedWitness } from './asked-witness.ts'
import { checkpointIn } from './parts.ts'

/** Of one witness at one time; the others come next. */
const MOST_AT_ONCE = 50

/** `logOf`: a chain that is open here. What the witness says is attacker-controlled: it only chooses among our own leaves. */
export async function answerComplaints(
  asked: AskedWitness,
  logOf: (chain: string) => WitnessedLog | undefined,
): Promise<void> {
  const reply = await asked.witness.get('complaints')
  if (reply.kind === 'away' || reply.status !== 200) return
  for (const { chain, index } of complaintsIn(reply.body).slice(0, MOST_AT_ONCE)) {
    const cosigned = asked.cosigned(chain)
    if (cosigned === undefined || index >= checkpointIn(cosigned).size) continue
    const receipt = await logOf(chain)?.receipt(index, cosigned, 'leaf')
    if (receipt !== undefined) await asked.witness.post('complaints', receipt)
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
