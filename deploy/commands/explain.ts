import { Command } from 'commander'
import { explain } from '../../gateway/console/explain.ts'
import type { DecisionRecord, OutcomeRecord } from '../../gateway/ledger/events.ts'
import { bookOfManifest } from '../../gateway/projections/book-of-manifest.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import type { RuleBook } from '../../policies/rule-book.ts'
import { ExchangeId } from '../../policies/vocabulary.ts'
import { DATA_DEFAULT } from '../config.ts'
import { readLedger, type LedgerReader } from '../read-ledger.ts'

export function explainCommand(): Command {
  return new Command('explain')
    .description('one exchange: who asked what, which rules decided, what passed')
    .argument('<id>', 'exchange id, as in the header Exchange-Id')
    .option('--data <dir>', 'data folder', DATA_DEFAULT)
    .option('--json', 'answer as one JSON object')
    .action((id: string, { data, json }: { data: string; json?: true }) => {
      const ledger = readLedger(data)
      const found = findExchange(ledger, ExchangeId.parse(id))
      if (found === undefined) throw new Error(`no exchange ${id} in the ledger of ${data}`)
      const { decision, outcome } = found
      const story = explain(decision, outcome, bookFor(ledger, decision))
      if (json === true) process.stdout.write(`${JSON.stringify({ decision, outcome })}\n`)
      else {
        const width = Math.max(...story.lines.map(([name]) => name.length))
        const lines = story.lines.map(([name, words]) => `  ${name.padEnd(width)}  ${words}`)
        process.stdout.write(`${[story.heading, ...lines].join('\n')}\n`)
      }
    })
}

function findExchange(
  ledger: LedgerReader,
  id: ExchangeId,
): { readonly decision: DecisionRecord; readonly outcome: OutcomeRecord | undefined } | undefined {
  let decision: DecisionRecord | undefined
  let outcome: OutcomeRecord | undefined
  ledger.exchangeLeaves(({ kind, record }) => {
    if ((record as { exchange?: string }).exchange !== id) return
    if (kind === 'outcome') outcome = record as OutcomeRecord
    else decision = record as DecisionRecord
  })
  return decision && { decision, outcome }
}

/** Undefined where the chain no longer holds it: the story is told by codes then. */
function bookFor({ view }: LedgerReader, { heads }: DecisionRecord): RuleBook | undefined {
  const manifest = view.manifestAt(heads.manifest)
  return manifest && bookOfManifest(manifest, view, documentCrypto)
}
