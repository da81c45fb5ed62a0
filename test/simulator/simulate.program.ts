/**
 * `npm run simulate -- --seeds N [--from S] [--registries own|shared]`: N worlds, one after the other; the first that breaks is told as a
 * short story. Without `--registries` each seed says whether its gateways share one.
 */
import { parseArgs } from 'node:util'
import { runSeed, type Registries } from './run-seed.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    registries: { type: 'string' },
  },
})
const [seeds, from] = [Number(values.seeds), Number(values.from)]
const registries = registriesOf(values.registries)
const began = performance.now()
let [leaves, steps] = [0, 0]

for (let seed = from; seed < from + seeds; seed += 1) {
  const onBroken = ({ message }: Error): void => {
    process.stderr.write(`\nseed ${seed}: ${message}\nlooking for a short story of it\n`)
  }
  const result = await runSeed(seed, { registries, onBroken })
  leaves += result.acknowledged
  steps += result.steps
  if (result.story !== undefined) {
    process.stderr.write('\n')
    process.stdout.write(`${result.story}\n`)
    process.exit(1)
  }
  if ((seed - from + 1) % 20 === 0) progress(seed - from + 1)
}
progress(seeds)
process.stderr.write('\n')
process.stdout.write(
  `${seeds} seeds from ${from}: ${steps} steps, ${leaves} acknowledged leaves, nothing contradicted\n`,
)

function progress(done: number): void {
  const seconds = (performance.now() - began) / 1000
  const left = Math.round(((seeds - done) * seconds) / done)
  process.stderr.write(`\r${done} of ${seeds} seeds, ${leaves} leaves, ${left} s left   `)
}

function registriesOf(given: string | undefined): Registries | undefined {
  if (given === undefined || given === 'own' || given === 'shared') return given
  throw new RangeError('--registries is own or shared')
}
