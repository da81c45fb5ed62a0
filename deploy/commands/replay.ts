import { Command } from 'commander'
import { DATA_DEFAULT } from '../config.ts'
import { replayLedger, type ReplayReport } from '../replay-ledger.ts'
import { progressLine } from './progress-line.ts'

export function replayCommand(): Command {
  return new Command('replay')
    .description('make every decision again with cedar-wasm, from the journal alone')
    .option('--data <dir>', 'data folder', DATA_DEFAULT)
    .option('--json', 'answer as one JSON object')
    .action(({ data, json }: { data: string; json?: true }) => {
      const progress = progressLine('replayed', json === true)
      const report = replayLedger(data, progress.at)
      progress.end()
      process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : inWords(report))
      if (report.counts.agree !== total(report)) process.exitCode = 1
    })
}

function total({ counts }: ReplayReport): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

export function inWords(report: ReplayReport): string {
  const { agree, differ, undecidable, stale } = report.counts
  const lines = report.findings.map(
    ({ chain, index, exchange, finding, members }) =>
      `  ${finding}: ${chain} leaf ${String(index)}, exchange ${exchange}${members.length === 0 ? '' : ` (${members.join(', ')})`}`,
  )
  return `${[
    `${String(total(report))} decisions made again with cedar-wasm: ${String(agree)} agree, ${String(differ)} differ, ${String(undecidable)} undecidable, ${String(stale)} stale`,
    ...lines,
    ...report.otherEngines.map(
      (engine) =>
        `stale engine: some were made under ${engine}. Where they are undecidable, replay them with that very engine from the archive.`,
    ),
  ].join('\n')}\n`
}
