/** What the officers' commands have in common. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { keysFile } from '../../adapters/ledger-journal/keys-file.ts'
import { BASES } from '../../gateway/erasure/bases.ts'
import type { Act } from '../../gateway/ledger/duty-events.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { DATA_DEFAULT } from '../config.ts'
import { NoLedger } from '../read-ledger.ts'

export interface RequestOptions {
  readonly data: string
  readonly json?: true
  readonly basis: string
  readonly officer: string
  readonly key: string
  readonly to: string
  readonly days: string
}

/** The first officer's part. */
export function withRequest(command: Command, act: Act): Command {
  const grounds = Object.entries(BASES[act]).map(([code, { en, zh }]) => `${code} ${zh} (${en})`)
  return withData(command)
    .requiredOption('--basis <code>', `the ground: ${grounds.join('; ')}`)
    .requiredOption('--officer <id>', 'who asks, as registered with gongdao officers')
    .requiredOption('--key <file>', 'her Ed25519 key, PEM, mode 0600')
    .requiredOption('--to <file>', 'where the order is written, for a second officer to approve')
    .option('--days <days>', 'how long it can be approved and carried out, at most 30', '7')
}

export function withData(command: Command): Command {
  return command
    .option('--data <dir>', 'data folder', DATA_DEFAULT)
    .option('--json', 'answer as one JSON object')
}

export function daysOf({ days }: { readonly days: string }): number {
  const number = Number(days)
  if (!Number.isInteger(number) || number < 1) throw new RangeError('--days takes a whole number')
  return number
}

/** From the pinned keys beside the journals. */
export function instanceOf(data: string): string {
  const file = keysFile(data)
  const { registry } = parsePinnedKeys(textOf(file, data), file)
  return registry?.name.slice(0, -'/registry'.length) ?? ''
}

/** Throws `NoLedger`. */
export function assertLedger(data: string): void {
  textOf(keysFile(data), data)
}

function textOf(file: string, data: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `${data} holds no ledger. Name the data folder with --data.`
    throw Object.assign(new NoLedger(message), { cause })
  }
}

export function tell(json: true | undefined, value: object, lines: readonly string[]): void {
  process.stdout.write(json === true ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`)
}
