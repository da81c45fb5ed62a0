/** The little of a file system that an export needs: narrow, so that tests can break it off at every step. */
import * as fs from 'node:fs'
import * as path from 'node:path'

export interface Files {
  /** Undefined where the file is not there. */
  read(file: string): Buffer | undefined
  /** Whole or not at all, and durable once `sync` has resolved for its folder. */
  write(file: string, bytes: Uint8Array): Promise<void>
  /** Makes new and replaced names in these folders durable. */
  sync(folders: readonly string[]): Promise<void>
  remove(file: string): Promise<void>
}

export const nodeFiles: Files = {
  read(file) {
    try {
      return fs.readFileSync(file)
    } catch (fault) {
      if (isAbsent(fault)) return undefined
      throw fault
    }
  },
  async write(file, bytes) {
    await fs.promises.mkdir(path.dirname(file), { recursive: true })
    const handle = await fs.promises.open(`${file}.new`, 'w')
    try {
      await handle.writeFile(bytes)
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await fs.promises.rename(`${file}.new`, file)
  },
  async sync(folders) {
    for (const folder of folders) {
      const handle = await fs.promises.open(folder, 'r')
      await handle.sync().finally(() => handle.close())
    }
  },
  async remove(file) {
    await fs.promises.rm(file, { force: true })
  },
}

/** ENOTDIR: something else stands where a folder should. */
function isAbsent(fault: unknown): boolean {
  if (typeof fault !== 'object' || fault === null || !('code' in fault)) return false
  return fault.code === 'ENOENT' || fault.code === 'ENOTDIR'
}
