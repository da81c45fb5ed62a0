import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs'

/** Its bytes are overwritten before the name goes; what a drive keeps of them elsewhere is for disk encryption. */
export function destroyFile(file: string): void {
  const opened = openSync(file, 'r+')
  try {
    writeSync(opened, Buffer.alloc(statSync(file).size))
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
  rmSync(file)
}
