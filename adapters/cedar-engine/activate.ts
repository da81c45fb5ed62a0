/**
 * Puts a rule set into force: through the gate, once for each rule set, engine version and compiler. The finding is kept
 * in a file named after all of them, so that a start with nothing new costs nothing. The file is no proof to anyone: who
 * can write it can replace the gateway as well. It only must not be mistaken for another's.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Evaluate } from '../../policies/cedar-input.ts'
import { compileRules } from '../../policies/closures.ts'
import type { RuleSet } from '../../policies/rule-set.ts'
import { LEAST_INPUTS, passGate, prepare } from './gate.ts'
import { ENGINE, makeJudge } from './judge.ts'
import type { Engine } from './judge.ts'

export type Activation =
  | {
      readonly kind: 'active'
      /** The closures: microseconds a decision. */
      readonly evaluate: Evaluate
      /** cedar-wasm, for sampling and replay. */
      readonly judge: Evaluate
      readonly engine: Engine
      /** Whether the gate was passed now or in an earlier start. */
      readonly gate: 'passed' | 'passed-before'
    }
  | { readonly kind: 'refused'; readonly why: string }

export interface ActivationRun {
  /** Where findings are kept; made when it does not exist. */
  readonly cacheDir: string
  /** Any whole number; a new one for each run tries other inputs. */
  readonly seed: number
  readonly onProgress?: (done: number, of: number) => void
}

/** Throws only where the folder can't be written. */
export async function activate(rules: RuleSet, run: ActivationRun): Promise<Activation> {
  const finding = canonicalJson({
    compiler: compilerHash(),
    engine: { name: ENGINE.name, version: ENGINE.version },
    finding: 'equal',
    inputs: LEAST_INPUTS,
    rules: rules.hash,
    v: 1,
  })
  const file = join(run.cacheDir, `gate-${sha256(finding)}.json`)
  if (readIfThere(file) === finding) {
    const prepared = prepare(rules, compileRules)
    return prepared.kind === 'refused'
      ? prepared
      : active(rules, prepared.evaluate, 'passed-before')
  }
  const { seed, onProgress = () => undefined } = run
  const passed = await passGate(rules, compileRules, { seed, inputs: LEAST_INPUTS, onProgress })
  if (passed.kind === 'refused') return passed
  keep(run.cacheDir, file, finding)
  return active(rules, passed.evaluate, 'passed')
}

function active(rules: RuleSet, evaluate: Evaluate, gate: 'passed' | 'passed-before'): Activation {
  return { kind: 'active', evaluate, judge: makeJudge(rules), engine: ENGINE, gate }
}

const COMPILER = [
  'closures.ts',
  'closures/expression.ts',
  'closures/subset.ts',
  'closures/value.ts',
] as const

/** SHA-256 of the compiler's own text: another compiler has passed nothing yet. */
function compilerHash(): string {
  const policies = new URL('../../policies/', import.meta.url)
  return sha256(COMPILER.map((name) => readFileSync(new URL(name, policies), 'utf8')).join('\0'))
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Not there or not readable: then the gate is passed again, which is always right.
    return undefined
  }
}

/** In one step, so that two gateways that start together never read half a finding. */
function keep(folder: string, file: string, finding: string): void {
  mkdirSync(folder, { recursive: true })
  const draft = `${file}.${String(process.pid)}`
  writeFileSync(draft, finding)
  renameSync(draft, file)
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url')
}
