/** What more happens in a world whose gateways share a registry: between the steps of the story that the seed tells anyway. */
import type { Random } from './random.ts'
import { GATEWAYS, REGISTRAR_MOODS, type Step } from './steps.ts'

/** Chance of its own, so that the other steps stay what they are without it. */
export function withRegistrar(
  story: readonly Step[],
  registrar: number,
  random: Random,
): readonly Step[] {
  const followers = GATEWAYS.filter((gateway) => gateway !== registrar)
  const draw = (): readonly Step[] =>
    random.pick(SCENES)(random, registrar, random.pick(followers)).flat()
  return story.flatMap((step) => (random.isLess(0.2) ? [...draw(), step] : [step]))
}

type Scene = (random: Random, registrar: number, follower: number) => readonly (readonly Step[])[]

/** Hardly anything but a start hands in a leaf, so there are many. */
const SCENES: readonly Scene[] = [
  startInMood,
  startInMood,
  startInMood,
  registrarCrashesMeanwhile,
  registrarCrashesMeanwhile,
  newsInMood,
  newsInMood,
  (random, _, follower) => [mood(random, follower)],
  (_, registrar) => [start(registrar)],
]

function startInMood(random: Random, registrar: number, follower: number): ReturnType<Scene> {
  const [whose, its] = [mood(random, follower), crash(random, follower)]
  return [start(registrar), whose, its, start(follower), pass(random)]
}

/** Who runs hears of the registrar's own next chain. */
function newsInMood(random: Random, registrar: number, follower: number): ReturnType<Scene> {
  const whose = mood(random, follower)
  const begins = [start(follower), pass(random), whose, crash(random, registrar), pass(random)]
  return [start(registrar), ...begins, start(registrar), pass(random)]
}

/** While a gateway has its closure or genesis on the way. */
function registrarCrashesMeanwhile(
  random: Random,
  registrar: number,
  follower: number,
): ReturnType<Scene> {
  const starting = [start(registrar), crash(random, follower), start(follower)]
  const meanwhile: Step = { do: 'pass', gateway: registrar, milliseconds: random.between(5, 80) }
  const back = [pass(random), start(registrar), pass(random)]
  return [...starting, [meanwhile], crash(random, registrar), ...back]
}

function mood(random: Random, gateway: number): readonly Step[] {
  return [{ do: 'registrar', gateway, how: random.pick(REGISTRAR_MOODS) }]
}

function crash(random: Random, gateway: number): readonly Step[] {
  return [{ do: random.pick(['kill', 'power cut'] as const), gateway }]
}

function start(gateway: number): readonly Step[] {
  return [{ do: 'start', gateway }]
}

/** The longest: until an answer that is lost is given up, and what failed was started again. */
function pass(random: Random): readonly Step[] {
  return [{ do: 'pass', gateway: 0, milliseconds: random.pick([20, 100, 2_000, 15_000]) }]
}
