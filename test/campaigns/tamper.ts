/**
 * Tampers with a ledger in every way that the campaign knows, over and over, and holds verify to it: everything is detected, and located
 * where the copy allows.
 *
 *     npm run campaign:tamper -- --trials N --seed N
 */
import { parseArgs } from 'node:util'
import { tamperCampaign } from '../harness/tamper/trials.ts'
import { progressLine } from '../../deploy/commands/progress-line.ts'

const { values } = parseArgs({
  options: { trials: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
})
const [trials, seed] = [Number(values.trials), Number(values.seed)]
if (!Number.isInteger(trials) || trials < 1 || !Number.isInteger(seed)) {
  throw new RangeError('--trials and --seed take whole numbers')
}

const progress = progressLine(`trials of ${String(trials)}:`, false)
const { missed, rows } = await tamperCampaign({ trials, seed, onProgress: progress.at })
progress.end()
const wide = Math.max(...rows.map(({ name }) => name.length))
say(`${'attack'.padEnd(wide)}  trials  detected  located`)
for (const { canLocate, detected, located, name, trials: count } of rows) {
  say(
    `${name.padEnd(wide)}  ${column(count, 6)}  ${column(detected, 8)}  ${canLocate ? column(located, 7) : '      -'}`,
  )
}
for (const { findings, name, seed: number, truth } of missed) {
  say(
    `missed: ${name}, seed ${String(number)}, ${JSON.stringify(truth)}: ${JSON.stringify(findings)}`,
  )
}
say(`${String(trials)} trials, ${String(missed.length)} missed`)
process.exitCode = missed.length === 0 ? 0 : 1

function column(value: number, width: number): string {
  return String(value).padStart(width)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
