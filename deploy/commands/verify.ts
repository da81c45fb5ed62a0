/** `gongdao verify`: the whole ledger from its bytes and the pinned keys. Ends with 1 where anything is wrong. */
import { Command } from 'commander'
import { verifyData } from '../../adapters/ledger-journal/verify-data.ts'
import type { Verified } from '../../adapters/ledger-journal/verify-data.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { progressLine } from './progress-line.ts'
import { readKeys } from '../read-keys.ts'

interface VerifyCommandOptions {
  readonly data: string
  readonly keys?: string
  readonly json?: true
}

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'check every chain of the ledger from its bytes: signatures, tree, records, order, pairs, links between chains',
    )
    .option('--data <dir>', 'folder of all state', '.gongdao')
    .option('--keys <file>', 'pinned verifier keys (default: ledger/keys.txt of the data folder)')
    .option('--json', 'answer with one JSON object')
    .action(async (options: VerifyCommandOptions) => {
      const keys = readKeys(options)
      const progress = progressLine('verified leaves', options.json === true)
      const verified = await verifyData({
        data: options.data,
        keys,
        now: Date.now(),
        onProgress: ({ leaves }) => progress.at(leaves),
      })
      progress.end()
      process.stdout.write(
        options.json === true ? `${JSON.stringify(asJson(verified))}\n` : asText(verified),
      )
      if (verified.findings.length > 0) process.exitCode = 1
    })
}

function asJson({ counts, findings }: Verified): object {
  return { verdict: findings.length === 0 ? 'good' : 'bad', counts, findings }
}

function asText({ counts, findings }: Verified): string {
  const { bytes, chains, checkpoints, denials, intents, leaves, open, outcomes } = counts
  const verdict =
    findings.length === 0
      ? 'good: nothing was altered, dropped, inserted or reordered'
      : `bad: ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`
  return [
    ...findings.map(findingText),
    `${chains} chains, ${leaves} leaves, ${checkpoints} signed checkpoints, ${bytes} bytes`,
    `${intents} intents, ${outcomes} outcomes, ${open} still open, ${denials} denials`,
    verdict,
    '',
  ].join('\n')
}

function findingText({ chain, first, kind, last, sentence }: Finding): string {
  const range = first === undefined ? '' : ` ${first}${last === first ? '' : `-${last ?? ''}`}`
  return `${chain}${range}  ${kind}: ${sentence}`
}
