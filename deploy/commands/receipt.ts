/** `gongdao receipt FILE`: checks a receipt offline, with keys and receipt only, and says which level it has reached. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { checkReceipt } from '../../gateway/ledger/check-receipt.ts'
import type { ReceiptFinding } from '../../gateway/ledger/check-receipt.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { readKeys } from '../read-keys.ts'

interface ReceiptCommandOptions {
  readonly data: string
  readonly keys?: string
  readonly body?: string
  readonly json?: true
}

export function receiptCommand(): Command {
  return new Command('receipt')
    .description('check a receipt offline: the value of Exchange-Receipt, or a tlog-proof file')
    .argument('<file>', 'the receipt; - reads standard input')
    .option('--keys <file>', 'pinned verifier keys (default: ledger/keys.txt of the data folder)')
    .option('--data <dir>', 'folder whose keys are taken where --keys is not given', '.gongdao')
    .option(
      '--body <file>',
      'the body that came with it, to be compared with what the record commits to',
    )
    .option('--json', 'answer with one JSON object')
    .action((file: string, options: ReceiptCommandOptions) => {
      const keys = parsePinnedKeys(readKeys(options))
      const receipt = readFileSync(file === '-' ? 0 : file, 'utf8')
      const body = options.body === undefined ? {} : { body: readFileSync(options.body) }
      const finding = checkReceipt(receipt, { keys, ...body })
      process.stdout.write(options.json === true ? `${JSON.stringify(finding)}\n` : textOf(finding))
      if (finding.kind === 'bad') process.exitCode = 1
    })
}

function textOf(finding: ReceiptFinding): string {
  if (finding.kind === 'bad') return `bad (${finding.why}): ${finding.sentence}\n`
  const { cosigned, index, leaf, level, origin, record, size } = finding
  return [
    `good: ${level}`,
    `leaf ${index} (${leaf.kind}) of ${origin}, in the checkpoint of ${size} leaves`,
    cosigned.length === 0
      ? 'no pinned witness has cosigned it'
      : `cosigned by ${cosigned.join(', ')}`,
    ...(record === undefined ? [] : [JSON.stringify(record, undefined, 2)]),
    '',
  ].join('\n')
}
