/**
 * The registrar's process, as a gateway without a registry of its own sees it (design §4): it is asked to open and close the
 * gateway's chains, and its registry is followed.
 */
import type { Entry } from '../ledger/entry.ts'
import type { Commit } from './chain-journal.ts'

/** Can't be reached, or answers what it must not. Nothing can be said of what was handed in. */
export class RegistrarUnavailable extends Error {
  override readonly name = 'RegistrarUnavailable'
}

/** Said no; nothing was recorded. The sentence is the registrar's. */
export class RegistrarRefused extends Error {
  override readonly name = 'RegistrarRefused'
}

export interface Registrar {
  /**
   * Commits of the registry from the one that begins with leaf `from`, as many as one answer holds; none where there is nothing new.
   * Not to be trusted: whoever follows them checks leaves, roots and signature.
   */
  commits(from: number): Promise<readonly Commit[]>
  /** The index of the leaf, once it is durable there. */
  append(entry: Pick<Entry, 'kind' | 'record'>): Promise<number>
  close(): void
}
