/** What can happen in a simulated world, and how a story tells it. */
import type { Random } from './random.ts'

export const GATEWAYS = [0, 1, 2] as const
export const CALLS = ['enrolment', 'income', 'household', 'denied', 'keyed'] as const
export const ANSWERS = [
  'truth',
  'slow',
  'silence',
  'garbage',
  'another person',
  'error',
  'unreachable',
] as const
export const DISK_FAULTS = ['eio', 'kept but reported lost', 'full', 'slow', 'well'] as const

export const BROKER_MOODS = ['well', 'away', 'slow', 'loses answers', 'repeats', 'late'] as const

/** Away twice as often as anything else. */
export const WITNESS_MOODS = ['away', 'well', 'away', 'slow', 'loses answers'] as const
export const WITNESSES = [0, 1, 2] as const

/** As one gateway reaches it. Lies twice as often: there must be something new to lie about. */
export const REGISTRAR_MOODS = [
  ...(['away', 'well', 'slow', 'late', 'repeats'] as const),
  ...(['loses requests', 'loses answers', 'lies', 'lies'] as const),
] as const

export type Step = { readonly gateway: number } & (
  | { readonly do: 'call'; readonly what: (typeof CALLS)[number]; readonly leavesAfter?: number }
  | { readonly do: 'answer'; readonly how: (typeof ANSWERS)[number] }
  | { readonly do: 'pass'; readonly milliseconds: number }
  | { readonly do: 'kill' }
  | { readonly do: 'power cut' }
  | { readonly do: 'stop' }
  | { readonly do: 'start' }
  | { readonly do: 'clock'; readonly milliseconds: number }
  | { readonly do: 'disk'; readonly how: (typeof DISK_FAULTS)[number] }
  | { readonly do: 'broker'; readonly how: (typeof BROKER_MOODS)[number] }
  | {
      readonly do: 'witness'
      /** So many of the three, from the first on; the others are well. */
      readonly count: number
      readonly how: (typeof WITNESS_MOODS)[number]
    }
  | { readonly do: 'registrar'; readonly how: (typeof REGISTRAR_MOODS)[number] }
)

const PLACES = ['first', 'second', 'third']

/** One line of a story. */
export function told(step: Step): string {
  const who = `the ${PLACES[step.gateway] ?? ''} gateway`
  switch (step.do) {
    case 'call':
      return (
        `a department calls ${who}: ${step.what}` +
        (step.leavesAfter === undefined ? '' : ` (and leaves after ${step.leavesAfter} ms)`)
      )
    case 'answer':
      return `providers of ${who} answer with ${step.how} from here on`
    case 'pass':
      return `${step.milliseconds} ms pass`
    case 'kill':
      return `${who} is killed (kill -9)`
    case 'power cut':
      return `${who} loses power: unsynced writes are lost, torn or reordered`
    case 'stop':
      return `${who} is stopped`
    case 'start':
      return `${who} is started`
    case 'clock':
      return `the clock of ${who} jumps by ${step.milliseconds} ms`
    case 'disk':
      return `the disk of ${who}: ${step.how}`
    case 'broker':
      return `the log server: ${step.how}`
    case 'witness':
      return `${step.count} of the three witnesses of ${who}: ${step.how}`
    case 'registrar':
      return `the registrar, as ${who} reaches it: ${step.how}`
  }
}

/** `witnesses`: chance of their own, so that a story found once stays what it was without them. */
export function drawSteps(random: Random, witnesses: Random): readonly Step[] {
  const steps = Array.from({ length: random.between(5, 40) }, () => drawStep(random))
  // In front of all else: the very first start waits for them, too.
  const first = witnesses.isLess(0.5) ? [drawWitness(witnesses, 2)] : []
  return steps.reduce(
    (story, step) => [...story, ...(witnesses.isLess(0.1) ? [drawWitness(witnesses)] : []), step],
    first,
  )
}

/** Only the third gateway has any. */
function drawWitness(random: Random, least = 1): Step {
  const [count, how] = [random.between(least, 3), random.pick(WITNESS_MOODS)]
  return { do: 'witness', gateway: 2, count, how }
}

type Draw = (gateway: number, random: Random) => Step

/** What happens how often. */
const DRAWN: readonly (readonly [number, Draw])[] = [
  [43, drawCall],
  [19, (gateway, random) => ({ do: 'pass', gateway, milliseconds: drawTime(random) })],
  [6, (gateway, random) => ({ do: 'answer', gateway, how: random.pick(ANSWERS) })],
  [6, (gateway) => ({ do: 'kill', gateway })],
  [6, (gateway) => ({ do: 'power cut', gateway })],
  [3, (gateway) => ({ do: 'stop', gateway })],
  [7, (gateway) => ({ do: 'start', gateway })],
  [2, (gateway, random) => ({ do: 'clock', gateway, milliseconds: drawJump(random) })],
  [4, (gateway, random) => ({ do: 'disk', gateway, how: random.pick(DISK_FAULTS) })],
  [4, (gateway, random) => ({ do: 'broker', gateway, how: random.pick(BROKER_MOODS) })],
]
const LOTS = DRAWN.flatMap(([weight, draw]) => Array.from({ length: weight }, () => draw))

function drawStep(random: Random): Step {
  return random.pick(LOTS)(random.pick(GATEWAYS), random)
}

function drawCall(gateway: number, random: Random): Step {
  const what = random.pick(CALLS)
  return random.isLess(0.1)
    ? { do: 'call', gateway, what, leavesAfter: random.between(0, 40) }
    : { do: 'call', gateway, what }
}

function drawTime(random: Random): number {
  return random.pick([0, 1, 3, 10, 50, 200, 2_000, 20_000])
}

function drawJump(random: Random): number {
  return random.pick([-3_600_000, -5_000, -50, 50, 5_000, 3_600_000])
}
