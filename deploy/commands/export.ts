/** `gongdao export`: the ledger as C2SP tiles in a folder, for auditors and for anybody's C2SP client. */
import { Command } from 'commander'
import { exportLedger } from '../../adapters/ledger-tiles/export-ledger.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { DATA_DEFAULT } from '../config.ts'
import { openSource } from '../open-source.ts'
import { readKeys } from '../read-keys.ts'
import { progressLine } from './progress-line.ts'

interface ExportCommandOptions {
  readonly data: string
  readonly to: string
  readonly keys?: string
  readonly json?: true
}

export function exportCommand(): Command {
  return new Command('export')
    .description(
      'write every chain as C2SP tlog-tiles, records beside them; again to the same folder: only what is new',
    )
    .requiredOption('--to <dir>', 'folder of the export; made where it is not there')
    .option('--data <dir>', 'data folder', DATA_DEFAULT)
    .option('--keys <file>', 'pinned verifier keys (default: ledger/keys.txt of the data folder)')
    .option('--json', 'answer with one JSON object')
    .action(async (options: ExportCommandOptions) => {
      const keys = parsePinnedKeys(readKeys(options))
      const { source } = await openSource(options, keys)
      const progress = progressLine('exported leaves', options.json === true)
      const exported = await exportLedger({ source, keys, to: options.to, onProgress: progress.at })
      progress.end()
      const { added, chains, leaves } = exported
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(exported)}\n`
          : `${options.to}: ${String(leaves)} leaves of ${String(chains)} chains, ${String(added)} of them new\n`,
      )
    })
}
