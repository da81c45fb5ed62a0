/** `gongdao prune plan|order|approve`: takes away records whose time is over, by an order of two officers. The gateway may run. */
import { existsSync, readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { parseWitnessPolicy } from '../../gateway/ledger/witness-policy.ts'
import type { WitnessPolicy } from '../../gateway/ledger/witness-policy.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { approveFile, makeOrder, readOfficerKey, writeOrder } from '../duties/make-order.ts'
import { plan, prune, type PlanOptions } from '../prune/prune.ts'
import type { PlannedChain } from '../prune/plan-pruning.ts'
import { readKeys } from '../read-keys.ts'
import { systemClock } from '../system.ts'
import { witnessPolicyFile } from '../witness-policy-file.ts'
import { daysOf, instanceOf, withData, withRequest, type RequestOptions } from './duty-options.ts'
import { telling } from './telling.ts'
import type { Answer, Outlet } from './telling.ts'

interface Evidence {
  readonly data: string
  readonly json?: true
  readonly archive: string
  readonly policy?: string
  readonly timestampRoots?: string
}
interface Until {
  readonly before: Instant
  readonly keepDays: number
}

export function pruneCommand(outlet?: Outlet): Command {
  const tell = telling(outlet)
  const planning = withUntil(withEvidence(new Command('plan')))
    .description('say what would go, and why the rest stays; nothing is changed')
    .action((options: Evidence & Until) => tell(options, () => look(options)))
  const ordering = withUntil(withRequest(new Command('order'), 'prune'))
    .description('the first officer asks for it; a second approves')
    .action((options: RequestOptions & Until) =>
      tell(options, () => Promise.resolve(request(options))),
    )
  const approving = withEvidence(new Command('approve'))
    .description('the second officer signs, and it is carried out; again after it was cut off')
    .argument('<order>', 'the file that the first officer has signed')
    .option('--officer <id>', 'who approves: somebody else than who asked')
    .option('--key <file>', 'her Ed25519 key, PEM, mode 0600')
    .action((order: string, options: Evidence & { officer?: string; key?: string }) =>
      tell(options, () => carryOut(order, options)),
    )
  return new Command('prune')
    .description(
      'take away the records of ended chains that need not be kept any longer; leaves, tree, proofs and signatures stay',
    )
    .addCommand(planning)
    .addCommand(ordering)
    .addCommand(approving)
}

async function look(options: Evidence & Until): Promise<Answer> {
  const { before, keepDays: leastDays } = options
  const { chains } = await plan({ ...evidence(options), before, leastDays })
  return answer(chains, 'would go')
}

function request({ before, keepDays, ...options }: RequestOptions & Until): Answer {
  const { basis, data, key, officer, to } = options
  const what = { act: 'prune', basis, before, keepDays, instance: instanceOf(data) } as const
  const signing = { officer, key: readOfficerKey(key) }
  const order = makeOrder({ ...what, days: daysOf(options) }, signing, systemClock().now())
  writeOrder(to, order)
  return {
    json: { order: to, id: order.statement.id },
    text: [
      `${to}: signed by ${officer}. Next, by another officer: gongdao prune approve ${to} --archive DIR --officer ID --key FILE`,
    ],
  }
}

async function carryOut(
  file: string,
  options: Evidence & { officer?: string; key?: string },
): Promise<Answer> {
  const order = approveFile(file, options)
  return answer(await prune({ ...evidence(options), order }), 'are gone')
}

function evidence(options: Evidence): Omit<PlanOptions, 'before' | 'leastDays'> {
  const { archive, data, timestampRoots } = options
  return {
    ...{ archive, data, keys: readKeys({ data }), policy: policyOf(options) },
    ...(timestampRoots !== undefined && { timestampRoots }),
    now: systemClock().now(),
  }
}

/** Undefined: no witnesses are configured. */
function policyOf({ data, policy }: Evidence): WitnessPolicy | undefined {
  const file = policy ?? witnessPolicyFile(data)
  if (policy === undefined && !existsSync(file)) return undefined
  return parseWitnessPolicy(readFileSync(file, 'utf8'))
}

function answer(chains: readonly PlannedChain[], gone: string): Answer {
  return {
    json: { chains },
    text:
      chains.length === 0
        ? ['No chain has ended that could be pruned.']
        : chains.map((chain) => words(chain, gone)),
  }
}

function words({ chain, segments, size, stays }: PlannedChain, gone: string): string {
  const what =
    segments.length === 0
      ? 'nothing'
      : `the records of its first ${String(size)} leaves ${gone} (${String(segments.length)} segments)`
  return `${chain}: ${what}${stays === undefined ? '' : `; then: ${stays}`}`
}

function withEvidence(command: Command): Command {
  return withData(command)
    .requiredOption('--archive <dir>', 'the archive that has them')
    .option(
      '--policy <file>',
      'witnesses that must have cosigned: c2sp.org/tlog-policy (default: ledger/witnesses.txt of the data folder)',
    )
    .option('--timestamp-roots <file>', 'roots of time-stamping authorities, PEM')
}

function withUntil(command: Command): Command {
  return command
    .requiredOption('--before <date>', 'what must be kept beyond this day stays (YYYY-MM-DD)', day)
    .option(
      '--keep-days <days>',
      'of what no agreement says how long, and of all at least',
      count,
      1827,
    )
}

function day(text: string): Instant {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00+08:00`) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('a day as YYYY-MM-DD')
  return Instant.ofMilliseconds(at)
}

function count(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('a whole number, at least 1')
  return Number(text)
}
