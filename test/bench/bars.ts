/** The speed to reach (issue 3), each against its row; said after the table, so that nobody has to look it up. */
import type { AuditResult } from './audit.ts'
import type { Result } from './results.ts'

interface Bar {
  readonly row: string
  readonly what: string
  readonly least?: number
  readonly most?: number
  readonly of: (result: Result) => number
}

const BARS: readonly Bar[] = [
  { row: '1KiB-64', what: 'throughput ÷ bare', least: 1, of: (one) => one.ratioToBare },
  { row: '1KiB-64', what: 'throughput ÷ nginx', least: 0.25, of: (one) => one.ratioToNginx },
  { row: '1KiB-64', what: 'p99 ÷ bare', most: 1.3, of: (one) => one.p99ToBare },
  { row: '16KiB-64', what: 'throughput ÷ bare', least: 0.65, of: (one) => one.ratioToBare },
  {
    row: '1KiB-1',
    what: 'latency above bare and two fdatasyncs, ms',
    most: 0.3,
    of: (one) => one.addedBeyondSyncs,
  },
]

const AUDIT_BARS: Readonly<Record<AuditResult['name'], number>> = { verify: 0.5, replay: 0.7 }

export function barsReached(
  results: readonly Result[],
  audits: readonly AuditResult[],
): readonly string[] {
  const gateway = results.filter(({ variant }) => variant === 'gateway')
  return [
    ...BARS.flatMap((bar) => {
      const result = gateway.find(({ name }) => name === bar.row)
      return result === undefined ? [] : [sentence(bar, bar.of(result))]
    }),
    ...audits.map(({ name, ratioToBare }) =>
      sentence({ row: name, what: 'per second ÷ bare loop', least: AUDIT_BARS[name] }, ratioToBare),
    ),
  ]
}

function sentence({ row, what, least, most }: Omit<Bar, 'of'>, value: number): string {
  const isReached = value >= (least ?? -Infinity) && value <= (most ?? Infinity)
  const bar = least === undefined ? `≤ ${String(most)}` : `≥ ${String(least)}`
  return `${isReached ? '✓' : '✗'} ${row}: ${what} ${value.toFixed(2)} (${bar})`
}
