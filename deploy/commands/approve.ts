/** `gongdao approve ORDER`: the second officer signs, and the order is carried out by the running gateway, or here where none runs. */
import { Command } from 'commander'
import type { DutyStep, Order } from '../../gateway/erasure/parts.ts'
import { BASES } from '../../gateway/erasure/bases.ts'
import { destroyFile } from '../duties/destroy-file.ts'
import { askDuties } from '../duties/ask-duties.ts'
import type { Outcome } from '../duties/duties.ts'
import { approveFile } from '../duties/make-order.ts'
import { writeCopies, type WrittenCopy } from '../duties/own-copy-files.ts'
import { readKeys } from '../read-keys.ts'
import { assertLedger, tell, withData } from './duty-options.ts'

interface ApproveOptions {
  readonly data: string
  readonly json?: true
  readonly officer?: string
  readonly key?: string
  readonly copies?: string
  readonly keep?: true
}

export function approveCommand(): Command {
  return withData(new Command('approve'))
    .description(
      'the second signature on an order (erase, hold, open), which is then carried out; an order that has two is only handed in again',
    )
    .argument('<order>', 'the file that the first officer has signed')
    .option('--officer <id>', 'who approves: somebody else than who asked')
    .option('--key <file>', 'her Ed25519 key, PEM, mode 0600')
    .option('--copies <dir>', 'erase: where the persons’ own copies are written, encrypted')
    .option('--keep', 'leave the order there: another gateway is to carry it out as well')
    .action(carryOut)
}

async function carryOut(file: string, options: ApproveOptions): Promise<void> {
  const { data, json } = options
  assertLedger(data)
  const order = approveFile(file, options)
  const { act } = order.statement
  if (act === 'erase' && options.copies === undefined) {
    throw new RangeError('erase needs --copies DIR: each person’s own copy is handed to her first')
  }
  if (json !== true) for (const line of inWords(order)) process.stderr.write(`${line}\n`)
  let copies: readonly WrittenCopy[] = []
  const outcome = await askDuties(
    data,
    { ask: 'order', order },
    {
      onStep: (step) => {
        if (json !== true) process.stderr.write(`  ${STEPS[step]}\n`)
      },
      onCopies: (all) => {
        copies = writeCopies(options.copies ?? '.', all, readKeys({ data }))
        // Before the other side hears that they are kept: a connection that breaks then must not take the passphrases with it.
        const stream = json === true ? process.stderr : process.stdout
        stream.write(copies.map((copy) => `${copyInWords(copy)}\n`).join(''))
      },
    },
  )
  if (outcome.kind === 'refused') {
    process.exitCode = 1
    tell(json, outcome, [`refused (${outcome.code}): ${outcome.sentence}`])
    return
  }
  // It has served, and it names persons.
  if (options.keep !== true) destroyFile(file)
  tell(json, { ...outcome, copies }, told(outcome))
}

const STEPS: Readonly<Record<DutyStep, string>> = {
  approved: 'both signatures are good',
  suspended: 'no exchange about these persons begins now',
  replayed: 'every decision about them was made again',
  'handed-over': 'their own copies are written',
  recorded: 'it is on record in the registry chain',
  destroyed: 'the keys are destroyed',
}

function inWords({ approvals, matter, statement }: Order): readonly string[] {
  const { act, basis, exchange, expires, hold, id } = statement
  const words = BASES[act][basis]
  const about = exchange ?? hold ?? `${String(matter?.numbers.length ?? 0)} person(s)`
  return [
    `${act} ${about}: ${basis}${words === undefined ? '' : ` ${words.zh} (${words.en})`}`,
    `order ${id}, good until ${new Date(expires).toISOString()}, signed by ${approvals.map(({ officer }) => officer).join(' and ')}`,
  ]
}

function told(outcome: Exclude<Outcome, { readonly kind: 'refused' }>): readonly string[] {
  switch (outcome.kind) {
    case 'erased':
      return [
        `${String(outcome.persons)} person(s) erased: ${String(outcome.pseudonyms)} pseudonym(s) of ${String(outcome.exchanges)} exchange(s) lead to nobody any more`,
        ...(outcome.unknown > 0
          ? [`${String(outcome.unknown)} of the order’s numbers lead to nobody at this gateway`]
          : []),
        ...(outcome.notAgreeing > 0
          ? [
              `${String(outcome.notAgreeing)} decision(s) were not made the same way again: run gongdao replay`,
            ]
          : []),
      ]
    case 'held':
      return [`held: ${outcome.id}`]
    case 'released':
      return [`released: ${outcome.id}`]
    case 'opened':
      return outcome.details === undefined
        ? [`nothing can be opened: ${outcome.why}`]
        : [JSON.stringify(outcome.details, undefined, 2)]
    case 'known':
    case 'backed-up':
    case 'pruning-recorded':
      return []
  }
}

function copyInWords({ file, passphrase, person }: WrittenCopy): string {
  return `own copy of person ${String(person)}: ${file}   passphrase, shown only now: ${passphrase}`
}
