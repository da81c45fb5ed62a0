import { setTimeout as pause } from 'node:timers/promises'

/** Waits until it holds, for `within` at most (less than a test is given); milliseconds. A look that takes long should be seldom. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  { every = 10, within = 25_000 } = {},
): Promise<void> {
  const end = Date.now() + within
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it never came about: ${what}`)
    await pause(every)
  }
}
