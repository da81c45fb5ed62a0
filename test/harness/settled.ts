import { setImmediate as turn } from 'node:timers/promises'

/** Lets everything run that waits for nothing outside of this process. */
export async function quiet(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn()
}

/** Whether a promise has come to an end, once all is quiet. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  await quiet()
  return settled
}
