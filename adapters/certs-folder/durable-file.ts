/** Writing so that a power cut leaves the old file or the new one, never half of one. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** 0600 for private keys. */
export type Mode = 0o600 | 0o644

export function replaceFile(path: string, content: string | Uint8Array, mode: Mode): void {
  const temporary = `${path}.${process.pid}.new`
  try {
    writeDurably(temporary, content, mode)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** The same off the main thread, for what is written while requests are served. */
export async function replaceFileSlowly(path: string, content: string, mode: Mode): Promise<void> {
  const temporary = `${path}.${process.pid}.new`
  try {
    await rm(temporary, { force: true })
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  if (process.platform === 'win32') return
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
}

/** One line at the end, durable. What a crash left of a line before is closed first, so that it spoils no other. */
export function appendLine(path: string, line: string): void {
  const before = readIfThere(path)
  const descriptor = openSync(path, 'a', 0o644)
  try {
    writeSync(descriptor, `${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Empty where there is no such file. */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}

export function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}

function writeDurably(path: string, content: string | Uint8Array, mode: Mode): void {
  // `wx`: a file that is already there could have been opened by somebody before it became 0600.
  rmSync(path, { force: true })
  const descriptor = openSync(path, 'wx', mode)
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** A rename is durable once its folder is. Windows cannot open folders and needs none of this. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
