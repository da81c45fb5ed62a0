/** `gongdao verify`: a whole ledger from its bytes, the pinned keys and what others have seen of it. Ends with 1 where anything is wrong. */
import { Command } from 'commander'
import { FINDING_WORDS } from '../../gateway/ledger/finding-words.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { printable } from '../../gateway/ports/printable.ts'
import { readKeys } from '../read-keys.ts'
import { keepVerified, verifiedFile } from '../verified-mark.ts'
import { assertPinsKept, keepPins, verifyLedger } from '../verify-ledger.ts'
import type { VerifiedLedger } from '../verify-ledger.ts'
import { progressLine } from './progress-line.ts'
import { keysText, withDuties, type VerifiedDuties } from './verify-duties.ts'

interface VerifyCommandOptions {
  readonly data: string
  readonly tiles?: string
  readonly kafka?: string
  readonly keys?: string
  readonly since?: string
  readonly receipt?: readonly string[]
  readonly note?: readonly string[]
  readonly keyStore?: true
  readonly quick?: true
  readonly threads?: number
  readonly timestampRoots?: string
  readonly json?: true
}

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'check every chain of the ledger from its bytes: signatures, tree, records, order, pairs, links between chains',
    )
    .option('--data <dir>', 'folder of all state', '.gongdao')
    .option('--tiles <dir>', 'read an export (gongdao export) instead of the data folder')
    .option(
      '--kafka <file>',
      'read Kafka instead: a JSON file whose section replication has brokers, prefix, partitions and reader',
    )
    .option('--keys <file>', 'pinned verifier keys (default: ledger/keys.txt of the data folder)')
    .option(
      '--since <file>',
      'pin of the last verification: read on from there, and write the new one',
    )
    .option('--receipt <file...>', 'receipts that must be in the ledger')
    .option(
      '--note <file...>',
      'signed checkpoints, e.g. of witnesses, that the ledger must have had',
    )
    .option('--key-store', 'also ask which keys are there: erased, lost or not destroyed')
    .option('--quick', 'verify one signature in 32, and the newest; every hash all the same')
    .option('--threads <n>', 'threads to use (default: one for each core)', wholeNumber)
    .option(
      '--timestamp-roots <file>',
      'roots of time-stamping authorities, PEM (default: ledger/timestamp-roots.pem of the data folder)',
    )
    .option('--json', 'answer with one JSON object')
    .action(run)
}

async function run(options: VerifyCommandOptions): Promise<void> {
  const { json, keyStore, note = [], receipt = [], ...rest } = options
  const reading = progressLine('read published checkpoints', json === true)
  const progress = progressLine('verified leaves', json === true)
  const keys = readKeys(options)
  const now = Date.now()
  if (options.since !== undefined) assertPinsKept(options.since)
  const ledger = await verifyLedger({
    ...rest,
    keys,
    receipts: receipt,
    notes: note,
    now,
    onPublished: reading.at,
    onProgress: ({ leaves }, expected) => progress.at(leaves, expected),
  })
  progress.end()
  const verified = await withDuties(ledger, { ...options, keyStore: keyStore === true })
  process.stdout.write(
    json === true
      ? `${JSON.stringify({ ...asJson(verified), ...stampsOf(ledger) })}\n`
      : `${stampsText(ledger)}${asText(verified)}`,
  )
  if (verified.findings.length > 0) {
    process.exitCode = 1
    return
  }
  if (options.since !== undefined) keepPins(options.since, verified)
  if (options.tiles === undefined && options.kafka === undefined)
    leaveMark(options.data, verified, now)
}

/** For the gateway's `gongdao.verified.age`; what was found stands whether or not it can be written. */
function leaveMark(data: string, { pins }: VerifiedDuties, at: number): void {
  const sizes = [...pins.chains].map(([origin, { state }]) => [origin, state.edge.size] as const)
  try {
    keepVerified(data, { at, chains: Object.fromEntries(sizes) })
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault)
    process.stderr.write(
      `${verifiedFile(data)} could not be written, so the gateway does not know of this: ${why}\n`,
    )
  }
}

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,2}$/.test(text))
    throw new RangeError('--threads takes a whole number from 1 on')
  return Number(text)
}

function stampsOf({ stamps }: VerifiedLedger): object {
  return stamps === undefined ? {} : { stamps: { count: stamps.count, newest: stamps.newest } }
}

function stampsText({ stamps }: VerifiedLedger): string {
  if (stamps === undefined) return ''
  const { count, newest } = stamps
  const until = newest === undefined ? 'none of them good' : new Date(newest).toISOString()
  return `${count} time-stamps, the newest of ${until}\n`
}

function asJson({ counts, findings, keyCounts }: VerifiedDuties): object {
  const told = findings.map((finding) => ({ ...finding, ...FINDING_WORDS[finding.kind] }))
  const verdict = findings.length === 0 ? 'good' : 'bad'
  return { verdict, counts, ...(keyCounts && { keys: keyCounts }), findings: told }
}

function asText({ counts, findings, keyCounts }: VerifiedDuties): string {
  const { bytes, chains, checkpoints, denials, intents, leaves, open, outcomes, signatures } =
    counts
  const verdict =
    findings.length === 0
      ? 'good: nothing was altered, dropped, inserted or reordered'
      : `bad: ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`
  return [
    ...findings.map(findingText),
    ...kindsText(findings),
    `${chains} chains, ${leaves} leaves, ${checkpoints} checkpoints, ${signatures} signatures verified, ${bytes} bytes`,
    `${intents} intents, ${outcomes} outcomes, ${open} still open, ${denials} denials`,
    ...(counts.elsewhere === 0
      ? []
      : [
          `${counts.elsewhere} chains of other gateways are not here: pin their keys and verify where they are`,
        ]),
    ...keysText(keyCounts),
    verdict,
    '',
  ].join('\n')
}

/** A chain's name may be one that somebody made up on a log server. */
export function findingText({ chain, first, kind, last, sentence }: Finding): string {
  const range = first === undefined ? '' : ` ${first}${last === first ? '' : `-${last ?? ''}`}`
  return printable(`${chain}${range}  ${kind}: ${sentence}`)
}

/** Once for each kind: what it means, and what to do. */
function kindsText(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ kind }) => kind))].map((kind) => {
    const { means, todo } = FINDING_WORDS[kind]
    return `  ${kind}: ${means}. ${todo}`
  })
}
