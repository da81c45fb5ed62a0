import { closeSync, fstatSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'

/** Its bytes are overwritten before the name goes; what a drive keeps of them elsewhere is for disk encryption. */
export function destroyFile(file: string): void {
  const opened = openSync(file, 'r+')
  try {
    overwrite(opened)
  } finally {
    closeSync(opened)
  }
  rmSync(file)
}

/** An open file's bytes, durably. */
export function overwrite(opened: number): void {
  writeSync(opened, Buffer.alloc(fstatSync(opened).size), 0, undefined, 0)
  fsyncSync(opened)
}
