/** Long texts as registry leaves, each under 64 KiB; `projections/piece-joiner.ts` puts them together again. */
import type { Digest } from '../../policies/vocabulary.ts'
import type { Entry, LeafKind } from '../ledger/entry.ts'
import type { PieceRecord } from '../ledger/registry-events.ts'

// A UTF-16 unit takes at most six bytes in a record: three in UTF-8, six where JSON escapes it. The rest holds the other members.
const LONGEST_PIECE = 10_000

/** The entries that put one text on record; `hash` is the SHA-256 of its UTF-8. */
export function piecesOf(
  kind: Extract<LeafKind, 'document' | 'rules' | 'revocations'>,
  text: { readonly hash: Digest; readonly id: string; readonly text: string },
): readonly Entry[] {
  const pieces = split(text.text)
  return pieces.map((piece, at) => {
    const record: PieceRecord = {
      hash: text.hash,
      id: text.id,
      part: at + 1,
      parts: pieces.length,
      text: piece,
      v: 1,
    }
    return { kind, record: JSON.stringify(record) }
  })
}

function split(text: string): readonly string[] {
  const pieces: string[] = []
  for (let from = 0; from < text.length || from === 0;) {
    let to = Math.min(from + LONGEST_PIECE, text.length)
    if (to < text.length && isHighSurrogate(text.charCodeAt(to - 1))) to -= 1
    pieces.push(text.slice(from, to))
    from = Math.max(to, from + 1)
  }
  return pieces
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
