import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian keeps servers such as nginx where an ordinary user's PATH does not look. */
const BESIDE = ['/usr/sbin', '/sbin']

export function isOnThePath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...BESIDE]
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)))
}
