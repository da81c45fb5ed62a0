/**
 * One checkpoint brought to one witness, as C2SP tlog-witness has it: with the proof from what the witness had last, again where
 * it remembers another size. The witness is not trusted: only a line that its pinned key made over this very checkpoint is
 * taken from its answer.
 */
import { parseNote, signersOf } from '../ledger/note.ts'
import type { NoteKey } from '../ledger/note.ts'
import { decimal } from '../ledger/tlog-proof.ts'
import type { Witness, WitnessAway, WitnessReply, WitnessedLog } from '../ports/witness.ts'
import { addCheckpointText } from './add-checkpoint.ts'
import { checkpointIn } from './parts.ts'

export type Cosigned =
  | { readonly kind: 'cosigned'; readonly line: string }
  | { readonly kind: 'away'; readonly why: WitnessAway }
  /** It remembers more leaves than are there: this ledger was rolled back, or another process writes it. */
  | { readonly kind: 'ahead'; readonly size: number }
  /** 422: it does not take this for the tree that it knows. */
  | { readonly kind: 'contradicted' }
  | { readonly kind: 'refused'; readonly status: number }
  /** An answer that no honest witness gives. */
  | { readonly kind: 'lying'; readonly why: string }

export interface Asking {
  readonly witness: Witness
  readonly key: NoteKey
  readonly log: WitnessedLog
  /** The checkpoint, one that the log has had. */
  readonly note: string
  /** Size up to which the witness has cosigned this chain for us; 0: not yet. */
  readonly remembered: number
  /** tlog-proof of the chain's genesis, for a witness that does not know the chain. */
  readonly genesis: () => Promise<string | undefined>
}

/** A witness between two of our own requests may be asked by another process of ours. */
const ATTEMPTS = 4

export async function askWitness(asking: Asking): Promise<Cosigned> {
  const { log, note, witness } = asking
  const { size } = checkpointIn(note)
  let next: Next = { old: Math.min(asking.remembered, size), isOpened: false }
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const body = addCheckpointText(next.old, log.consistency(next.old, note), note)
    const reply = await witness.post('add-checkpoint', body)
    const outcome = reply.kind === 'away' ? reply : await afterReply(asking, next, reply)
    if ('kind' in outcome) return outcome
    next = outcome
  }
  return lying('one conflict after the other')
}

/** What the next attempt goes by. */
interface Next {
  readonly old: number
  readonly isOpened: boolean
}

type Answered = Extract<WitnessReply, { kind: 'answered' }>

async function afterReply(asking: Asking, next: Next, reply: Answered): Promise<Cosigned | Next> {
  if (reply.status === 200) return cosignedBy(asking, reply.body)
  if (reply.status === 404 && !next.isOpened) {
    return (await openAt(asking)) ?? { ...next, isOpened: true }
  }
  if (reply.status !== 409) return refusedWith(reply.status)
  const known = sizeIn(reply)
  if (known === undefined || known === next.old) return lying('a conflict without another size')
  if (known < asking.remembered) {
    return lying('fewer leaves than it has cosigned: its memory was put back to an earlier state')
  }
  if (known > checkpointIn(asking.note).size) return { kind: 'ahead', size: known }
  return { ...next, old: known }
}

/** Undefined: the witness knows the chain now. */
async function openAt({ genesis, witness }: Asking): Promise<Cosigned | undefined> {
  const proof = await genesis()
  if (proof === undefined) return refusedWith(404)
  const reply = await witness.post('add-genesis', proof)
  if (reply.kind === 'away') return reply
  return reply.status === 200 ? undefined : refusedWith(reply.status)
}

function cosignedBy({ key, note }: Asking, body: string): Cosigned {
  const text = parseNote(note)?.text ?? ''
  // An honest answer is signature lines and nothing else; appended to the text it is a note (C2SP tlog-witness).
  const answer = parseNote(`${text}\n${body}`)
  if (answer?.text !== text) return lying('no signature lines')
  if (signersOf(answer, [key])?.includes(key) !== true) {
    return lying('no cosignature of this checkpoint by its pinned key')
  }
  const ours = answer.signatures.find(({ id, name }) => name === key.name && id === key.id)
  if (ours === undefined || ours.signature.readBigUInt64BE(0) === 0n) {
    return lying('a cosignature without a time')
  }
  const blob = Buffer.concat([Buffer.from(ours.id, 'latin1'), ours.signature]).toString('base64')
  return { kind: 'cosigned', line: `\u2014 ${ours.name} ${blob}\n` }
}

function sizeIn(reply: Answered): number | undefined {
  const [type] = reply.contentType.split(';')
  return type === 'text/x.tlog.size' && reply.body.endsWith('\n')
    ? decimal(reply.body.slice(0, -1))
    : undefined
}

function refusedWith(status: number): Cosigned {
  if (status >= 500) return { kind: 'away', why: 'faulty' }
  return status === 422 ? { kind: 'contradicted' } : { kind: 'refused', status }
}

function lying(why: string): Cosigned {
  return { kind: 'lying', why }
}
