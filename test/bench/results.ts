/** From what was measured in each cycle to rows: medians, and ratios that are made within a cycle. */
import { table } from '../../deploy/demo/table.ts'
import type { BenchBody } from './bodies.ts'
import type { Measured } from './load.ts'
import { median } from './median.ts'
import { VARIANTS, type VariantName } from './variants.ts'

export interface Row {
  readonly body: BenchBody
  readonly connections: number
}

export interface Cycle {
  readonly measured: Readonly<Record<VariantName, Measured>>
  /** Milliseconds of one fdatasync of 4 KiB on the disk of the journal. */
  readonly fdatasync: number
}

export interface Result {
  readonly name: string
  readonly variant: VariantName
  readonly bodyBytes: number
  readonly connections: number
  readonly requestsPerSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU of one exchange, all threads of the process, microseconds. */
  readonly cpuMicros: number
  readonly ratioToBare: number
  readonly ratioToNginx: number
  readonly p99ToBare: number
  readonly cpuToBare: number
  /** Median latency above that of the bare proxy, less two fdatasyncs; milliseconds. */
  readonly addedBeyondSyncs: number
  readonly fdatasync: number
  /** The largest share of the core under test that somebody else took in a cycle: above 0.05 the row is worth little. */
  readonly foreignShare: number
}

export function rowName({ body, connections }: Row): string {
  return `${body.name}-${String(connections)}`
}

export function resultsOf(row: Row, cycles: readonly Cycle[]): readonly Result[] {
  return VARIANTS.map((variant) => resultOf(row, variant, cycles))
}

function resultOf(row: Row, variant: VariantName, cycles: readonly Cycle[]): Result {
  type Pick = (measured: Measured) => number
  const of = (pick: Pick): number => median(cycles.map(({ measured }) => pick(measured[variant])))
  const ratioTo = (other: VariantName, pick: Pick): number =>
    median(cycles.map(({ measured }) => pick(measured[variant]) / pick(measured[other])))
  return {
    name: rowName(row),
    variant,
    bodyBytes: row.body.bytes,
    connections: row.connections,
    requestsPerSecond: of((one) => one.requestsPerSecond),
    p50: of((one) => one.p50),
    p99: of((one) => one.p99),
    cpuMicros: of((one) => one.cpuMicros),
    ratioToBare: ratioTo('bare', (one) => one.requestsPerSecond),
    ratioToNginx: ratioTo('nginx', (one) => one.requestsPerSecond),
    p99ToBare: ratioTo('bare', (one) => one.p99),
    cpuToBare: ratioTo('bare', (one) => one.cpuMicros),
    addedBeyondSyncs: median(
      cycles.map(
        ({ measured, fdatasync }) => measured[variant].p50 - measured.bare.p50 - 2 * fdatasync,
      ),
    ),
    fdatasync: median(cycles.map((cycle) => cycle.fdatasync)),
    foreignShare: Math.max(...cycles.map(({ measured }) => measured[variant].foreignShare)),
  }
}

export function shown(results: readonly Result[]): string {
  const head = ['row', 'variant', 'req/s', 'p50 ms', 'p99 ms', 'CPU µs', '÷ bare', '÷ nginx']
  return table(
    [...head, 'p99 ÷ bare', 'CPU ÷ bare', 'foreign'],
    results.map((one) => [
      one.name,
      one.variant,
      one.requestsPerSecond.toFixed(0),
      one.p50.toFixed(2),
      one.p99.toFixed(2),
      one.cpuMicros.toFixed(0),
      one.ratioToBare.toFixed(2),
      one.ratioToNginx.toFixed(2),
      one.p99ToBare.toFixed(2),
      one.cpuToBare.toFixed(2),
      `${(100 * one.foreignShare).toFixed(0)} %`,
    ]),
  )
}

/** Above it a row says more about the neighbours than about the gateway. */
const QUIET = 0.05

/** Said below a table whose figures can't be believed. */
export function notAlone(foreignShare: number): readonly string[] {
  if (foreignShare <= QUIET) return []
  const share = (100 * foreignShare).toFixed(0)
  return [
    `The core under test was not alone: others took up to ${share} % of it. Run it again when the machine is quiet.`,
  ]
}
