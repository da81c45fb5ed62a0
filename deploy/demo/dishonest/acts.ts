/** The four acts of a dishonest operator, and for each what one receipt, and what the witnesses' notes say to it. */
import type { Entry } from '../../../gateway/ledger/entry.ts'
import type { OutcomeRecord } from '../../../gateway/ledger/events.ts'
import type { Finding } from '../../../gateway/ledger/finding.ts'
import type { Cosigned } from '../../../gateway/witness/ask-witness.ts'
import { entriesOf, writeAnew } from './operator.ts'
import type { Stage } from './stage.ts'

export interface Played {
  readonly title: string
  /** What the operator did, in words. */
  readonly deed: string
  readonly byReceipt: readonly Finding[]
  readonly byNote: readonly Finding[]
  /** What the witnesses did about it, in words. */
  readonly witnesses: readonly string[]
  readonly isCaught: boolean
}

/** Leaf `index` becomes another one, and the chain is signed anew from the first leaf on. */
export async function rewrites(stage: Stage): Promise<Played> {
  const data = stage.copy('rewrites')
  const { index, file } = newest(stage)
  const forged = await writeAnew(data, stage.chain, altered(entriesOf(data, stage.chain), index))
  const answers = await stage.bring(forged)
  const byReceipt = await stage.verify(data, { receipts: [file] })
  const byNote = await stage.verify(data, { notes: [await stage.note()] })
  return {
    title: 'rewrites history',
    deed: `changes leaf ${index} of ${stage.chain} and signs the whole chain anew`,
    byReceipt,
    byNote,
    witnesses: [refusals(answers)],
    isCaught:
      names(byReceipt, 'history-rewritten', stage.chain, index) &&
      names(byNote, 'history-rewritten', stage.chain) &&
      answers.every(({ kind }) => kind === 'contradicted'),
  }
}

/** Two departments are told two stories: one of them gets its receipt from a tree that nobody else sees. */
export async function forks(stage: Stage, cosignedReceipt: string): Promise<Played> {
  const data = stage.copy('forks')
  const { index } = newest(stage)
  const entries = altered(entriesOf(data, stage.chain), index)
  // What everybody else sees stays as it is; the other story is written somewhere else.
  const forged = await writeAnew(stage.copy('forks-aside'), stage.chain, entries)
  const other = stage.keep('of-the-fork', forged.receipts[index] ?? '')
  const complained = await stage.complain(other)
  const answered = await stage.complain(cosignedReceipt)
  const byReceipt = await stage.verify(data, { receipts: [other] })
  const byNote = await stage.verify(stage.copy('forks-shown'), { notes: [await stage.note()] })
  const twoLeaves = stage
    .contradictions()
    .filter((each) => each.includes(`two different leaves ${index}`))
  return {
    title: 'forks the chain',
    deed: `gives one department a receipt of another leaf ${index} than all others can see`,
    byReceipt,
    byNote,
    witnesses: [
      `take the complaint of that department: ${complained}`,
      `are shown the cosigned receipt of another department: ${answered}`,
      ...twoLeaves,
    ],
    isCaught: names(byReceipt, 'history-rewritten', stage.chain, index) && twoLeaves.length === 1,
  }
}

/** A chain beside the public ones, for exchanges that nobody is to know of. */
export async function hides(stage: Stage): Promise<Played> {
  const data = stage.copy('hides')
  const secret = stage.chain.replace(/[0-9]+$/, (n) => String(Number(n) + 1))
  const [opening, ...others] = entriesOf(data, stage.chain)
  const record = opening?.record.replace(stage.chain, secret) ?? ''
  const entries: Entry[] = [{ kind: 'opening', record }, ...others.slice(0, 4)]
  const forged = await writeAnew(stage.copy('hides-aside'), secret, entries)
  const answers = await stage.bring(forged)
  const receipt = stage.keep('of-the-secret-chain', forged.receipts.at(-1) ?? '')
  const complained = await stage.complain(receipt)
  const byReceipt = await stage.verify(data, { receipts: [receipt] })
  return {
    title: 'hides an incarnation',
    deed: `opens ${secret} in secret, and records ${entries.length} leaves there`,
    byReceipt,
    byNote: [],
    witnesses: [
      refusals(answers),
      `take the complaint of the department that holds its receipt: ${complained}`,
    ],
    isCaught:
      byReceipt.some(({ chain, kind }) => kind === 'chain-in-secret' && chain === secret) &&
      answers.every(({ kind }) => kind === 'refused'),
  }
}

/** The newest exchanges are taken away, as if they had never been; then the gateway is started on what is left. */
export async function drops(
  stage: Stage,
  restart: (data: string) => Promise<void>,
): Promise<Played> {
  const data = stage.copy('drops')
  const { index, file } = newest(stage)
  const entries = entriesOf(data, stage.chain)
  const forged = await writeAnew(data, stage.chain, entries.slice(0, index - 1))
  const answers = await stage.bring(forged)
  const byReceipt = await stage.verify(data, { receipts: [file] })
  const byNote = await stage.verify(data, { notes: [await stage.note()] })
  await restart(data)
  const cutShort = stage
    .contradictions()
    .filter((each) => each.includes('was closed in the registry'))
  return {
    title: 'drops records',
    deed: `cuts the leaves from ${index - 1} on off ${stage.chain}, and starts the gateway on the rest`,
    byReceipt,
    byNote,
    witnesses: [refusals(answers), ...cutShort],
    isCaught:
      names(byReceipt, 'chain-truncated', stage.chain, index) &&
      names(byNote, 'chain-truncated', stage.chain, index) &&
      cutShort.length === 1,
  }
}

function newest({ receipts }: Stage): Stage['receipts'][number] {
  const last = receipts.at(-1)
  if (last === undefined) throw new Error('nobody has kept a receipt')
  return last
}

/** An outcome that tells of one field less than was released. */
function altered(entries: readonly Entry[], index: number): Entry[] {
  return entries.map((entry, at) => {
    if (at !== index) return entry
    const record = JSON.parse(entry.record) as OutcomeRecord
    return { ...entry, record: JSON.stringify({ ...record, fields: record.fields.slice(1) }) }
  })
}

function names(
  findings: readonly Finding[],
  kind: Finding['kind'],
  chain: string,
  index?: number,
): boolean {
  return findings.some(
    (each) =>
      each.kind === kind &&
      each.chain === chain &&
      (index === undefined || ((each.first ?? Infinity) <= index && index <= (each.last ?? -1))),
  )
}

function refusals(answers: readonly Cosigned[]): string {
  const refused = answers.filter(({ kind }) => kind !== 'cosigned')
  const [why] = refused
  return `refuse its newest checkpoint, ${refused.length} of ${answers.length}: ${why === undefined ? '' : inWords(why)}`
}

function inWords(answer: Cosigned): string {
  switch (answer.kind) {
    case 'cosigned':
      return 'cosigned'
    case 'contradicted':
      return 'it is not the tree that they know'
    case 'ahead':
      return `they remember ${answer.size} leaves`
    case 'refused':
      return 'the registry never opened this chain'
    case 'away':
    case 'lying':
      return answer.why
  }
}
