import { test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * A test that uses a program of the machine, e.g. `testNeeding('strace')('…', async () => …)`.
 * Without the program it is skipped and says why; under CI a skipped test fails the run.
 */
export function testNeeding(program: string): (name: string, body: () => Promise<void>) => void {
  if (isOnThePath(program)) return (name, body) => test(name, body)
  return (name, body) => test.skip(`${name} (skipped: ${program} is not on this machine)`, body)
}

export function isOnThePath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)))
}
