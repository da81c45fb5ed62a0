/** `gongdao receipt FILE`: checks a receipt offline, with keys and receipt only, and says which level it has reached. */
import { existsSync, readFileSync } from 'node:fs'
import { Command } from 'commander'
import { checkReceipt } from '../../gateway/ledger/check-receipt.ts'
import type { ReceiptFinding } from '../../gateway/ledger/check-receipt.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { parseWitnessPolicy } from '../../gateway/ledger/witness-policy.ts'
import type { WitnessPolicy } from '../../gateway/ledger/witness-policy.ts'
import { readKeys } from '../read-keys.ts'
import { readNamed } from '../read-named.ts'
import { witnessPolicyFile } from '../witness-policy-file.ts'

interface ReceiptCommandOptions {
  readonly data: string
  readonly keys?: string
  readonly body?: string
  readonly policy?: string
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
    .option(
      '--policy <file>',
      'witnesses that you trust, and how many of them: c2sp.org/tlog-policy (default: ledger/witnesses.txt of the data folder)',
    )
    .option('--json', 'answer with one JSON object')
    .action((file: string, options: ReceiptCommandOptions) => {
      const policy = policyOf(options)
      const pinned = parsePinnedKeys(readKeys(options))
      const keys = policy === undefined ? pinned : { ...pinned, witnesses: policy.witnesses }
      const receipt =
        file === '-'
          ? readFileSync(0)
          : readNamed(file, 'the file of a receipt, or - for the input')
      const body = options.body === undefined ? {} : { body: readNamed(options.body, BODY) }
      const finding = checkReceipt(receipt.toString(), { keys, ...body })
      const witnessed = finding.kind === 'good' ? policy?.isMet(finding.cosigned) : undefined
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ ...finding, witnessed })}\n`
          : textOf(finding, witnessed),
      )
      if (finding.kind === 'bad') process.exitCode = 1
    })
}

/** Undefined: nobody has said which witnesses count. */
function policyOf({ data, policy }: ReceiptCommandOptions): WitnessPolicy | undefined {
  const file = policy ?? witnessPolicyFile(data)
  return policy === undefined && !existsSync(file)
    ? undefined
    : parseWitnessPolicy(readNamed(file, POLICY).toString())
}

function textOf(finding: ReceiptFinding, witnessed: boolean | undefined): string {
  if (finding.kind === 'bad') return `bad (${finding.why}): ${finding.sentence}\n`
  const { cosigned, index, leaf, level, origin, record, size } = finding
  return [
    `good: ${level}${witnessed === true ? ', witnessed' : ''}`,
    `leaf ${index} (${leaf.kind}) of ${origin}, in the checkpoint of ${size} leaves`,
    cosigned.length === 0
      ? 'no pinned witness has cosigned it'
      : `cosigned by ${cosigned.join(', ')}`,
    ...(witnessed === false ? [NOT_YET] : []),
    ...(record === undefined ? [] : [JSON.stringify(record, undefined, 2)]),
    '',
  ].join('\n')
}

const BODY = 'the file of the body that came with the receipt'
const POLICY = 'a file of witnesses that you trust (c2sp.org/tlog-policy)'

const NOT_YET =
  'fewer than the policy wants: ask the gateway for it again (GET /exchange/receipts/<exchange id>); if it is not there in a minute, bring it to a witness (POST /complaints)'
