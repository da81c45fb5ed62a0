/** One seed: what happened, and the short story of it where something was contradicted. */
import { Random } from './random.ts'
import { shrink } from './shrink.ts'
import { simulate, type SimulationOptions } from './simulation.ts'
import { drawSteps, told } from './steps.ts'

export interface SeedResult {
  readonly seed: number
  readonly acknowledged: number
  readonly steps: number
  /** Undefined: nothing was contradicted. */
  readonly story: string | undefined
}

export async function runSeed(
  seed: number,
  mutation: Pick<SimulationOptions, 'syncIsSkipped'> = {},
): Promise<SeedResult> {
  const name = `seed ${seed}`
  const steps = drawSteps(new Random(name), new Random(`${name}/witnesses`))
  const options = { ...mutation, seed: name, steps }
  const { acknowledged, broken } = await simulate(options)
  const result = { seed, acknowledged, steps: steps.length }
  if (broken === undefined) return { ...result, story: undefined }
  const short = await shrink(options, broken)
  const again = await simulate({ ...options, steps: short })
  const lines = short.map((step, at) => `  ${at + 1}. ${told(step)}`)
  const why = (again.broken ?? broken).stack ?? broken.message
  return { ...result, story: [`seed ${seed}:`, ...lines, `  ⇒ ${why}`].join('\n') }
}
