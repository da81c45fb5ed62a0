/** The shortest story that still breaks the same invariant: steps are left out as long as that holds. */
import { Broken } from './observed.ts'
import { simulate, type SimulationOptions } from './simulation.ts'
import type { Step } from './steps.ts'

export async function shrink(options: SimulationOptions, broken: Error): Promise<readonly Step[]> {
  let { steps } = options
  for (let length = Math.ceil(steps.length / 2); length >= 1;) {
    const shorter = await without(options, { steps, length, broken })
    if (shorter !== undefined) steps = shorter
    else length = Math.floor(length / 2)
  }
  return steps
}

async function without(
  options: SimulationOptions,
  { broken, length, steps }: { steps: readonly Step[]; length: number; broken: Error },
): Promise<readonly Step[] | undefined> {
  for (let from = 0; from < steps.length; from += length) {
    const fewer = [...steps.slice(0, from), ...steps.slice(from + length)]
    const outcome = await simulate({ ...options, steps: fewer })
    if (isSame(outcome.broken, broken)) return fewer
  }
  return undefined
}

function isSame(one: Error | undefined, other: Error): boolean {
  if (one instanceof Broken && other instanceof Broken) return one.invariant === other.invariant
  return one?.message === other.message
}
