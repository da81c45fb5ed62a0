/** A fixed share of `npm run simulate`; a seed that once broke something stays here. */
import { expect, test } from '@jest/globals'
import { FIRST_WORLD, MOST_MS, WORLDS } from '../campaigns/share.ts'
import { Random } from './random.ts'
import { runSeed } from './run-seed.ts'
import { simulate } from './simulation.ts'
import { drawSteps } from './steps.ts'

/** Faults that the simulator found, mended since: with the fault put back, this world still finds it (tried on 2026-11-22). */
const FOUND_ONCE = [
  // A clock set back between two starts made the registry run backwards.
  21,
  // A full disk left an empty file in the place of a torn tail, which the next start took for the bytes.
  260,
  // The simulated disk's own: behind the end of a file that a power cut had emptied, it threw instead of reading nothing.
  7076,
  // An outcome that the log servers had too late was taken for lost, and recorded a second time.
  9088,
]

test(
  'worlds of three gateways, crashes and lies contradict no invariant',
  async () => {
    for (let seed = FIRST_WORLD; seed < FIRST_WORLD + WORLDS; seed += 1) {
      expect((await runSeed(seed)).story).toBeUndefined()
    }
  },
  MOST_MS,
)

test('a seed that once broke something does not any more', async () => {
  for (const seed of FOUND_ONCE) expect((await runSeed(seed)).story).toBeUndefined()
})

test('one seed is one world: every reply and every moment of it come again', async () => {
  const options = {
    seed: 'seed 7',
    steps: drawSteps(new Random('seed 7'), new Random('witnesses')),
  }
  const [first, second] = [await simulate(options), await simulate(options)]
  expect(first.trace.length).toBeGreaterThan(3)
  expect(second.trace).toEqual(first.trace)
})

test('without fdatasync the simulator tells a short story of what was lost', async () => {
  const { story } = await runSeed(1, { syncIsSkipped: true })
  expect(story).toMatch(/L1|L3\/L4/)
  expect(story?.split('\n').length).toBeLessThan(15)
})
