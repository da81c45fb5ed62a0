/** `gongdao export`: the ledger as C2SP tiles in a folder, for auditors and for anybody's C2SP client. */
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { Command } from 'commander'
import { ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
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
      assertElsewhere(options)
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

/** Throws RangeError: what is written among a ledger's own files would be taken for a part of it. */
function assertElsewhere({ data, to }: ExportCommandOptions): void {
  const ledger = realPath(ledgerFolder(data))
  const way = relative(ledger, realPath(to))
  if (way === '..' || way.startsWith(`..${sep}`)) return
  throw new RangeError(`--to ${to} is the ledger's own folder, or below it: name another one`)
}

/** Whatever links lead there; of what is not there yet, by the folder that it will stand in. */
function realPath(path: string): string {
  const whole = resolve(path)
  if (existsSync(whole) || whole === dirname(whole)) return realpathSync(whole)
  return join(realPath(dirname(whole)), basename(whole))
}
