/** What the machine gives: programs, cores, a real disk, and how busy the core under test is with others. */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  fdatasyncSync,
  openSync,
  readFileSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isOnThePath } from '../house/on-the-path.ts'
import { median } from './median.ts'

const PROGRAMS = ['nginx', 'wrk', 'gcc', 'taskset', 'pgrep']
const TMPFS = 0x01021994

/** Throws with what is missing. */
export function assertMachine(folder: string): void {
  const missing = PROGRAMS.filter((program) => !isOnThePath(program))
  if (missing.length > 0) {
    throw new Error(
      `not on this machine: ${missing.join(', ')}. As root on Debian, npm run bench installs them.`,
    )
  }
  if (availableParallelism() < 2) {
    throw new Error('two cores are needed: one for the load, one for what is measured')
  }
  // Durable records that cost nothing would be a lie.
  if (statfsSync(folder).type === TMPFS) throw new Error(`${folder} is in memory, not on a disk`)
}

/** All threads of a process, and what it starts from now on, run on this core only. */
export function keepOn(core: string, pid: number): void {
  execFileSync('taskset', ['-a', '-p', '-c', core, String(pid)], { stdio: 'ignore' })
}

const SYNCS = 50

/** Median milliseconds of writing 4 KiB in place and fdatasync. */
export function measureFdatasync(folder: string): number {
  const path = join(folder, 'fdatasync')
  const block = Buffer.alloc(4096, 1)
  const file = openSync(path, 'w')
  try {
    const took = Array.from({ length: SYNCS }, (_, at) => {
      writeSync(file, block, 0, block.length, (at % 8) * block.length)
      const began = performance.now()
      fdatasyncSync(file)
      return performance.now() - began
    })
    // The first eight make the file longer, which costs more than writing in place.
    return median(took.slice(8))
  } finally {
    closeSync(file)
    unlinkSync(path)
  }
}

/** User time of a core since the start, all processes, in clock ticks (proc_stat(5)). */
export function userTicksOf(core: string): number {
  const line = readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`cpu${core} `))
  const [user = 0, nice = 0] = (line ?? '').split(' ').slice(1).map(Number)
  return user + nice
}
