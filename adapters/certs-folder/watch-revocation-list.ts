/**
 * The revocation list as it stands in its file now: a revocation acts on the next request, without restart. Asked for
 * each request, so a file that did not change costs one `stat`.
 */
import { readFileSync, statSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { readRevocationList, RevocationListRefused } from '../../certs/revocation-list.ts'
import type { RevocationListFault } from '../../certs/revocation-list.ts'
import { Revocations } from '../../certs/revocations.ts'
import type { Trust } from '../../certs/trust.ts'
import { isMissing } from './durable-file.ts'

export interface WatchOptions {
  /** How long a list is used after its next update was due. */
  readonly graceMs: number
  /** Called once for each state of the file that can't be used; the list before it stays in force. */
  readonly report: (fault: RevocationListFault | 'missing' | 'unreadable', message: string) => void
}

/** Two changes within one tick of a file system's clock look alike, so a file this young is read again. */
const YOUNG_MS = 100

/** Throws (`RevocationListRefused` or a file system's error) where there is no good list to start with. */
export function watchRevocationList(
  path: string,
  trust: Trust,
  options: WatchOptions,
): () => Revocations {
  const stats = statSync(path, { bigint: true })
  let bytes = readFileSync(path)
  const revocations = new Revocations(
    readRevocationList(bytes.toString('latin1'), trust),
    options.graceMs,
  )
  let seen = fingerprint(stats)
  let settled = isSettled(stats)

  return function current() {
    const found = statOf(path)
    if (settled && fingerprintOrNone(found) === seen) return revocations
    lookAgain(found)
    return revocations
  }

  function lookAgain(found: BigIntStats | undefined): void {
    const changed = fingerprintOrNone(found) !== seen
    seen = fingerprintOrNone(found)
    settled = found === undefined || isSettled(found)
    if (found === undefined) {
      if (changed)
        options.report('missing', 'the revocation list is gone; the one before stays in force')
      return
    }
    takeOver(changed)
  }

  function takeOver(changed: boolean): void {
    try {
      const now = readFileSync(path)
      if (now.equals(bytes)) return
      bytes = now
      revocations.replace(readRevocationList(now.toString('latin1'), trust))
    } catch (error) {
      const { fault, message } = faultOf(error)
      // Unreadable files are told once a change; a bad content is new each time that it gets here.
      if (changed || fault !== 'unreadable') options.report(fault, message)
    }
  }
}

function faultOf(error: unknown): {
  fault: Parameters<WatchOptions['report']>[0]
  message: string
} {
  if (error instanceof RevocationListRefused) return { fault: error.fault, message: error.message }
  const missing = isMissing(error)
  return {
    fault: missing ? 'missing' : 'unreadable',
    message: 'the revocation list cannot be read; the one before stays in force',
  }
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    // A folder in the way, or no right to look: as good as gone.
    return undefined
  }
}

function fingerprintOrNone(stats: BigIntStats | undefined): string {
  return stats === undefined ? '' : fingerprint(stats)
}

function fingerprint(stats: BigIntStats): string {
  return `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
}

function isSettled(stats: BigIntStats): boolean {
  return Math.abs(Date.now() - Number(stats.mtimeNs / 1_000_000n)) > YOUNG_MS
}
