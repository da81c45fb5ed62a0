/**
 * `verify` and `replay` against bare loops that read the same journal and compute the same hashes, or make the same cedar-wasm calls; the
 * gateway has just written it. In a process of its own on the core under test.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { table } from '../../deploy/demo/table.ts'
import { CORE_OF_VARIANT } from './variants.ts'

export interface AuditResult {
  readonly name: 'verify' | 'replay'
  /** Leaves verified, or decisions made again, per second. */
  readonly perSecond: number
  readonly barePerSecond: number
  /** Median of the ratios of each round. */
  readonly ratioToBare: number
  readonly count: number
}

export async function audit(data: string, rounds: number): Promise<readonly AuditResult[]> {
  const program = new URL('audit.program.ts', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(
    'taskset',
    ['-c', CORE_OF_VARIANT, process.execPath, program, data, String(rounds)],
    { maxBuffer: 1 << 20 },
  )
  return JSON.parse(stdout) as readonly AuditResult[]
}

export function auditTable(results: readonly AuditResult[]): string {
  return table(
    ['row', 'of', 'per second', 'bare loop', '÷ bare'],
    results.map(({ name, count, perSecond, barePerSecond, ratioToBare }) => [
      name,
      String(count),
      perSecond.toFixed(0),
      barePerSecond.toFixed(0),
      ratioToBare.toFixed(2),
    ]),
  )
}
