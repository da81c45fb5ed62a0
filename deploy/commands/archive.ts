/** `gongdao archive`: what a court needs in eight years, by content; `archive verify`, `archive restore`. */
import { Command } from 'commander'
import { archiveSigner } from '../archive/archive-signer.ts'
import { checkArchive } from '../archive/check-archive.ts'
import { restoreArchive } from '../archive/restore-archive.ts'
import { takeArchive } from '../archive/take-archive.ts'
import { DATA_DEFAULT } from '../config.ts'
import { readKeys } from '../read-keys.ts'
import { systemClock } from '../system.ts'
import { progressLine } from './progress-line.ts'
import { telling } from './telling.ts'
import type { Answer, Outlet } from './telling.ts'

interface Common {
  readonly data: string
  readonly keys?: string
  readonly json?: true
}

export function archiveCommand(outlet?: Outlet): Command {
  const tell = telling(outlet)
  const archive = common(new Command('archive'))
    .description(
      'put what has come since the last time into an archive, by content: segments, documents, rules, engine, revocation lists, checkpoints, time-stamps',
    )
    // Else `--to` behind `restore` would be this command's own.
    .enablePositionalOptions()
    .option('--to <dir>', 'the archive; nothing in it is ever written over')
    .action((options: Common & { to?: string }) => tell(options, () => take(options)))
  keys(common(archive.command('verify <archive>')))
    .description('read everything back: signatures, order and every byte')
    .action((folder: string, options: Common) => tell(options, () => check(folder, options)))
  keys(common(archive.command('restore <archive>')))
    .description('write the archived ledger into a folder that holds none, for verify and replay')
    .requiredOption('--to <dir>', 'the new data folder')
    .action((folder: string, options: Common & { to: string }) =>
      tell(options, () => restore(folder, options)),
    )
  return archive
}

async function take({ data, json, to }: Common & { to?: string }): Promise<Answer> {
  if (to === undefined) throw new RangeError('name the archive with --to')
  const keys = readKeys({ data })
  const progress = progressLine('archived files', json === true)
  const taken = await takeArchive({
    data,
    to,
    keys,
    ...archiveSigner(data, keys),
    now: systemClock().now(),
    onProgress: progress.at,
  })
  progress.end()
  const { bytes, digest, manifest, objects } = taken
  const { chains, entries, number } = manifest
  return {
    json: { manifest: number, digest, files: entries.length, objects, bytes, chains },
    text: [
      `Manifest ${String(number)} (${digest}): ${String(entries.length)} files new or grown, ${String(objects)} objects, ${String(bytes)} bytes written and read back`,
      ...chains.map(({ origin, size }) => `  ${origin}: ${String(size)} leaves`),
    ],
  }
}

async function check(folder: string, options: Common): Promise<Answer> {
  const progress = progressLine('verified objects', options.json === true)
  const checked = checkArchive(folder, readKeys(options), progress.at)
  progress.end()
  const { bytes, findings, manifests, newest, objects } = checked
  if (findings.length > 0) process.exitCode = 1
  const verdict = findings.length === 0 ? 'good' : 'bad'
  return Promise.resolve({
    json: { verdict, manifests, objects, bytes, newest: newest?.at, findings },
    text: [
      ...findings,
      `${String(manifests)} manifests, ${String(objects)} objects, ${String(bytes)} bytes`,
      ...(newest === undefined
        ? []
        : [
            `the newest is of ${new Date(newest.at).toISOString()}: is that the last one that was taken?`,
          ]),
      findings.length === 0 ? 'good: everything is there as it was signed' : verdict,
    ],
  })
}

async function restore(archive: string, options: Common & { to: string }): Promise<Answer> {
  const progress = progressLine('restored files', options.json === true)
  const keys = readKeys(options)
  const files = restoreArchive({ archive, to: options.to, keys, onProgress: progress.at })
  progress.end()
  return Promise.resolve({
    json: { to: options.to, files },
    text: [
      `${String(files)} files written to ${options.to}`,
      `Next: gongdao verify --data ${options.to}; gongdao replay --data ${options.to}`,
    ],
  })
}

function common(command: Command): Command {
  return command
    .option('--data <dir>', 'folder of all state; its gateway may run', DATA_DEFAULT)
    .option('--json', 'answer as one JSON object')
}

function keys(command: Command): Command {
  return command.option(
    '--keys <file>',
    'pinned verifier keys (default: ledger/keys.txt of the data folder)',
  )
}
