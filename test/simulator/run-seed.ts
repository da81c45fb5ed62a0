/** One seed: what happened, and the short story of it where something was contradicted. */
import { Random } from './random.ts'
import { withRegistrar } from './registrar-steps.ts'
import { shrink } from './shrink.ts'
import { simulate, type SimulationOptions } from './simulation.ts'
import { drawSteps, GATEWAYS, told } from './steps.ts'

export interface SeedResult {
  readonly seed: number
  readonly acknowledged: number
  readonly steps: number
  /** Undefined: nothing was contradicted. */
  readonly story: string | undefined
}

/** Whether each gateway writes a registry of its own, or one of them that of all three. */
export type Registries = 'own' | 'shared'

interface RunOptions extends Pick<SimulationOptions, 'syncIsSkipped'> {
  /** Absent: as the seed has it. */
  readonly registries?: Registries | undefined
  /** Told at once: the short story may take minutes. */
  readonly onBroken?: (broken: Error) => void
}

export async function runSeed(
  seed: number,
  { onBroken, registries, ...mutation }: RunOptions = {},
): Promise<SeedResult> {
  const options = { ...mutation, ...worldOf(seed, registries) }
  const { acknowledged, broken } = await simulate(options)
  const result = { seed, acknowledged, steps: options.steps.length }
  if (broken === undefined) return { ...result, story: undefined }
  onBroken?.(broken)
  const short = await shrink(options, broken)
  const again = await simulate({ ...options, steps: short })
  const lines = short.map((step, at) => `  ${at + 1}. ${told(step)}`)
  const why = (again.broken ?? broken).stack ?? broken.message
  return { ...result, story: [head(seed, options), ...lines, `  ⇒ ${why}`].join('\n') }
}

/** Who writes the registry is by chance of its own: without a shared one, a seed's story is what it always was. */
export function worldOf(
  seed: number,
  registries?: Registries,
): Pick<SimulationOptions, 'seed' | 'steps' | 'registrar'> {
  const name = `seed ${seed}`
  const steps = drawSteps(new Random(name), new Random(`${name}/witnesses`))
  const random = new Random(`${name}/registrar`)
  const [isShared, registrar] = [random.isLess(SHARED), random.pick(GATEWAYS)]
  if (registries === undefined ? !isShared : registries === 'own') return { seed: name, steps }
  return { seed: name, steps: withRegistrar(steps, registrar, random), registrar }
}

/** Of all worlds. */
const SHARED = 0.4

function head(seed: number, { registrar }: SimulationOptions): string {
  if (registrar === undefined) return `seed ${seed}, each gateway with a registry of its own:`
  const which = ['first', 'second', 'third'][registrar] ?? ''
  return `seed ${seed}, the ${which} gateway is the registrar:`
}
