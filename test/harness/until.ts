import { setTimeout as pause } from 'node:timers/promises'

/** Waits until it holds, for ten seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it never came about: ${what}`)
    await pause(10)
  }
}
