/**
 * The activation gate: a rule set takes force only if Cedar's validator is content and the closures answer as cedar-wasm
 * does, in decision, reasons and errors, on at least 20,000 random and damaged inputs. Every rule must have held and the
 * corpus must have raised errors, otherwise it proves nothing.
 */
import { setImmediate as immediate } from 'node:timers/promises'
import type { CedarInput, CedarValue, Evaluate, Evaluation } from '../../policies/cedar-input.ts'
import { Unsupported } from '../../policies/closures.ts'
import type { RuleSet } from '../../policies/rule-set.ts'
import type { Side } from '../../policies/question.ts'
import { makeCorpus } from './damage.ts'
import {
  makeJudge,
  makeUntypedJudge,
  RulesRefused,
  rulesAsJson,
  validatorFindings,
} from './judge.ts'

export const LEAST_INPUTS = 20_000

/** Makes the engine of the hot path from Cedar's JSON form of the rules. Throws `Unsupported`. */
export type Compiler = (policies: Readonly<Record<string, unknown>>) => Evaluate

export type GateFinding =
  | { readonly kind: 'equal'; readonly inputs: number; readonly evaluate: Evaluate }
  | { readonly kind: 'refused'; readonly why: string }

export interface GateRun {
  readonly seed: number
  /** At least `LEAST_INPUTS`. */
  readonly inputs: number
  readonly onProgress: (done: number, of: number) => void
}

/** Takes about 10 s for 20,000 inputs and lets other work run in between. */
export async function passGate(
  rules: RuleSet,
  compiler: Compiler,
  run: GateRun,
): Promise<GateFinding> {
  if (run.inputs < LEAST_INPUTS) throw new RangeError(`a gate of fewer than ${LEAST_INPUTS} inputs`)
  const prepared = prepare(rules, compiler)
  if (prepared.kind === 'refused') return prepared
  const why = await compare(rules, prepared, run)
  if (why !== undefined) return { kind: 'refused', why }
  return { kind: 'equal', inputs: run.inputs, evaluate: prepared.evaluate }
}

interface Prepared {
  readonly kind: 'prepared'
  readonly evaluate: Evaluate
  readonly literals: readonly CedarValue[]
}

/** Everything that can be said about the rules without running them. */
export function prepare(
  rules: RuleSet,
  compiler: Compiler,
): Prepared | { readonly kind: 'refused'; readonly why: string } {
  try {
    const [finding] = validatorFindings(rules)
    if (finding !== undefined) return { kind: 'refused', why: `validator: ${finding}` }
    const json = rulesAsJson(rules)
    const misread = Object.entries(json).find(([id, policy]) => !sameAnnotations(rules, id, policy))
    if (misread !== undefined) {
      return {
        kind: 'refused',
        why: `${misread[0]}: Cedar reads other annotations or another effect`,
      }
    }
    return { kind: 'prepared', evaluate: compiler(json), literals: literalsOf(json) }
  } catch (fault) {
    if (fault instanceof Unsupported || fault instanceof RulesRefused) {
      return { kind: 'refused', why: fault.message }
    }
    throw fault
  }
}

const STRETCH = 250

async function compare(
  rules: RuleSet,
  { evaluate, literals }: Prepared,
  { seed, inputs, onProgress }: GateRun,
): Promise<string | undefined> {
  const corpus = makeCorpus(seed, literals)
  const typed = { judge: makeJudge(rules), next: corpus.typed }
  const damaged = { judge: makeUntypedJudge(rules), next: corpus.damaged }
  const seen: Seen = { held: new Set(), errors: 0 }
  for (let done = 0; done < inputs; done += 1) {
    if (done % STRETCH === 0) {
      onProgress(done, inputs)
      await immediate()
    }
    const { judge, next } = done % 4 === 0 ? typed : damaged
    const difference = differenceAt(next(), { judge, evaluate, seen })
    if (difference !== undefined) return `input ${done} of seed ${seed}: ${difference}`
  }
  onProgress(inputs, inputs)
  return shortfall(rules, seen, inputs)
}

interface Seen {
  readonly held: Set<string>
  errors: number
}

function differenceAt(
  input: CedarInput,
  { judge, evaluate, seen }: { judge: Evaluate; evaluate: Evaluate; seen: Seen },
): string | undefined {
  const side: Side = input.action.id === 'collect' ? 'collect' : 'disclose'
  const judged = judge(side, input)
  const closed = evaluate(side, input)
  for (const id of judged.reasons) seen.held.add(id)
  if (judged.errors.length > 0) seen.errors += 1
  const [one, other] = [spell(judged), spell(closed)]
  return one === other ? undefined : `cedar-wasm says ${one}, the closures ${other}`
}

function spell({ decision, reasons, errors }: Evaluation): string {
  return `${decision} [${reasons.join(' ')}] errors [${errors.join(' ')}]`
}

/** What the corpus failed to try; undefined when it tried enough to prove something. */
export function shortfall(
  rules: RuleSet,
  { held, errors }: Seen,
  inputs: number,
): string | undefined {
  const untried = [...rules.rules.keys()].filter((id) => !held.has(id))
  if (untried.length > 0) return `never held on any of the inputs: ${untried.join(', ')}`
  return errors < inputs / 20 ? `only ${errors} of the inputs raised an error` : undefined
}

function sameAnnotations(rules: RuleSet, id: string, policy: unknown): boolean {
  const rule = [...rules.rules.values()].find((candidate) => candidate.id === id)
  if (rule === undefined || typeof policy !== 'object' || policy === null) return false
  const read = new Map(Object.entries(policy))
  const annotations: unknown = read.get('annotations')
  if (typeof annotations !== 'object' || annotations === null) return false
  const [ours, theirs] = [rule.annotations, annotations].map((pairs) =>
    JSON.stringify(Object.entries(pairs).sort()),
  )
  return read.get('effect') === rule.effect && ours === theirs
}

function literalsOf(json: unknown): readonly CedarValue[] {
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([name, member]: [string, unknown]) =>
    name === 'Value' && (typeof member === 'string' || typeof member === 'number')
      ? [member]
      : literalsOf(member),
  )
}
