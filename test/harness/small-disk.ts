/** A small file system of its own in the place of a folder, which can be filled to the last byte. Linux, as root. */
import { execFileSync } from 'node:child_process'
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk extends Disposable {
  /** Nobody took any of it since the last look. */
  isSettled(): boolean
  /** Not a byte is left for anybody. */
  fill(): void
  /** What `fill` took is free again. */
  free(): void
}

/** The folder keeps what is in it. Throws where mounting is not allowed. */
export function mountSmallDisk(folder: string, bytes: number): SmallDisk {
  const aside = mkdtempSync(join(tmpdir(), 'gongdao-aside-'))
  const ballast = join(folder, 'ballast')
  cpSync(folder, aside, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${String(bytes)},mode=700`, 'tmpfs', folder])
  cpSync(aside, folder, { recursive: true })
  rmSync(aside, { recursive: true })
  let before = -1
  return {
    isSettled() {
      const { bavail } = statfsSync(folder)
      const isSettled = bavail === before
      before = bavail
      return isSettled
    },
    fill() {
      const file = openSync(ballast, 'a')
      // Large pieces first, then page by page: what is left is less than anybody can write.
      for (const piece of [1024 * 1024, 4096]) writeUntilFull(file, Buffer.alloc(piece))
      closeSync(file)
    },
    free() {
      rmSync(ballast)
    },
    [Symbol.dispose]() {
      execFileSync('umount', [folder])
    },
  }
}

function writeUntilFull(file: number, piece: Buffer): void {
  try {
    for (;;) writeSync(file, piece)
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOSPC') throw fault
  }
}
