/** The `openssl` command, as a second opinion where the machine has it. */
import { spawnSync } from 'node:child_process'

export const HAS_OPENSSL = spawnSync('openssl', ['version']).status === 0

/** Both outputs together. Throws when the command does not succeed. */
export function openssl(...parameters: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', parameters, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${parameters[0] ?? ''}: ${stderr}${stdout}`)
  return stdout + stderr
}
