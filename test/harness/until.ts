import { setTimeout as pause } from 'node:timers/promises'

/** Waits until it holds, for ten seconds at most; milliseconds. A look that takes long should be seldom. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  { every = 10, within = 10_000 } = {},
): Promise<void> {
  const end = Date.now() + within
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it never came about: ${what}`)
    await pause(every)
  }
}
