import { test } from '@jest/globals'
import { isOnThePath } from './on-the-path.ts'

/**
 * A test that uses a program of the machine, e.g. `testNeeding('strace')('…', async () => …)`.
 * Without the program it is skipped and says why; under CI a skipped test fails the run.
 */
export function testNeeding(program: string): (name: string, body: () => Promise<void>) => void {
  if (isOnThePath(program)) return (name, body) => test(name, body)
  return (name, body) => test.skip(`${name} (skipped: ${program} is not on this machine)`, body)
}
