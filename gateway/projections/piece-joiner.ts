import type { Digest } from '../../policies/vocabulary.ts'
import type { PieceRecord } from '../ledger/registry-events.ts'

/** Puts pieces together again; answers the whole text with the last piece, undefined before. */
export class PieceJoiner {
  readonly #open = new Map<Digest, string[]>()

  take(piece: PieceRecord): { readonly hash: Digest; readonly text: string } | undefined {
    const texts = this.#open.get(piece.hash) ?? []
    // A writer that crashed between two pieces begins again with the first.
    if (piece.part === 1) texts.length = 0
    if (piece.part !== texts.length + 1) throw new Error('registry: pieces of a text out of order')
    texts.push(piece.text)
    this.#open.set(piece.hash, texts)
    if (piece.part < piece.parts) return undefined
    this.#open.delete(piece.hash)
    return { hash: piece.hash, text: texts.join('') }
  }
}
