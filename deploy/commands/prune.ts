/** `gongdao prune`: takes away records whose time is over. The gateway stands still meanwhile. */
import { Command, InvalidArgumentError } from 'commander'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import { DATA_DEFAULT, foldersOf } from '../config.ts'
import { logKey } from '../log-keys.ts'
import { prune } from '../prune/prune.ts'
import type { PlannedChain } from '../prune/plan-pruning.ts'
import { readKeys } from '../read-keys.ts'
import { systemClock } from '../system.ts'
import { telling } from './telling.ts'
import type { Answer, Outlet } from './telling.ts'

interface PruneCommandOptions {
  readonly data: string
  readonly archive: string
  readonly before: number
  readonly keepDays: number
  readonly officers: readonly [string, string]
  readonly cosignatures?: number
  readonly timestampRoots?: string
  readonly highWater?: string
  readonly dryRun?: true
  readonly json?: true
}

export function pruneCommand(outlet?: Outlet): Command {
  const tell = telling(outlet)
  return new Command('prune')
    .description(
      'take away the records of ended chains that need not be kept any longer; leaves, tree, proofs and signatures stay',
    )
    .requiredOption('--archive <dir>', 'the archive that has them')
    .requiredOption('--before <date>', 'what must be kept beyond this day stays (YYYY-MM-DD)', day)
    .requiredOption('--officers <codes>', 'the two who decided it, e.g. DPO-1,AUDIT-1', two)
    .option(
      '--keep-days <days>',
      'of what no agreement says how long, and of all at least',
      count,
      1827,
    )
    .option(
      '--cosignatures <n>',
      'witnesses that must have cosigned (default: 1 if one is pinned)',
      count,
    )
    .option('--timestamp-roots <file>', 'roots of time-stamping authorities, PEM')
    .option('--high-water <file>', 'the high-water mark, where it does not stand beside the keys')
    .option('--dry-run', 'only say what would go, and why the rest stays')
    .option('--data <dir>', 'folder of all state; its gateway must stand still', DATA_DEFAULT)
    .option('--json', 'answer as one JSON object')
    .action((options: PruneCommandOptions) => tell(options, () => run(options)))
}

async function run(options: PruneCommandOptions): Promise<Answer> {
  const { data, dryRun, keepDays } = options
  const keys = readKeys({ data })
  const planned = await prune({
    ...options,
    keys,
    leastDays: keepDays,
    cosignatures: options.cosignatures ?? (parsePinnedKeys(keys).witnesses.length > 0 ? 1 : 0),
    signer: ed25519Signer(logKey(`${foldersOf(data).keys}/registrar-log.key`, false)),
    now: Date.now(),
    clock: systemClock(),
    dryRun: dryRun === true,
  })
  return {
    json: { dryRun: dryRun === true, chains: planned },
    text: [
      ...planned.map((chain) => words(chain, dryRun === true)),
      planned.length === 0
        ? 'No chain has ended that could be pruned.'
        : 'gongdao verify tells the rest.',
    ],
  }
}

function words({ chain, segments, size, stays }: PlannedChain, dryRun: boolean): string {
  const gone = dryRun ? 'would go' : 'are gone'
  const what =
    segments.length === 0
      ? 'nothing'
      : `the records of its first ${String(size)} leaves ${gone} (${String(segments.length)} segments)`
  return `${chain}: ${what}${stays === undefined ? '' : `; then: ${stays}`}`
}

function day(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00+08:00`) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('a day as YYYY-MM-DD')
  return at
}

function two(text: string): readonly [string, string] {
  const [first, second, ...more] = text.split(',')
  if (first === undefined || second === undefined || more.length > 0)
    throw new InvalidArgumentError('two codes, with a comma between them')
  return [first, second]
}

function count(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('a whole number')
  return Number(text)
}
