/**
 * Imported in front of a program, it spoils the disk below it once SIGUSR2 comes, as GONGDAO_SABOTAGE says:
 *
 * - `sync`: an fdatasync fails with EIO;
 * - `hang`: an fdatasync does not return;
 * - `full`: a new segment finds no room.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

type Done = (fault: Error | null) => void

function failure(code: string): Error {
  return Object.assign(new Error('made by a test'), { code })
}

const SPOIL: Readonly<Record<string, () => void>> = {
  sync: () => {
    fs.fdatasync = ((_file: number, done: Done) => {
      setImmediate(done, failure('EIO'))
    }) as typeof fs.fdatasync
  },
  hang: () => {
    fs.fdatasync = (() => undefined) as unknown as typeof fs.fdatasync
  },
  full: () => {
    fs.write = ((...args: unknown[]) => {
      setImmediate(args.at(-1) as Done, failure('ENOSPC'))
    }) as typeof fs.write
  },
}

process.on('SIGUSR2', () => {
  SPOIL[process.env['GONGDAO_SABOTAGE'] ?? '']?.()
  syncBuiltinESMExports()
})
