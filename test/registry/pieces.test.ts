import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { PieceRecord } from '../../gateway/ledger/registry-events.ts'
import { PieceJoiner } from '../../gateway/projections/piece-joiner.ts'
import { piecesOf } from '../../gateway/registry/pieces.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Digest } from '../../policies/vocabulary.ts'

const LONGEST_RECORD = 65_535

function digestOf(text: string): Digest {
  return Digest.parse(createHash('sha256').update(text, 'utf8').digest('base64url'))
}

function taken(text: string): { pieces: readonly PieceRecord[]; joined: string | undefined } {
  const entries = piecesOf('document', { hash: digestOf(text), id: 'services/a.json', text })
  const joiner = new PieceJoiner()
  const pieces = entries.map(({ record }) => {
    expect(Buffer.byteLength(record)).toBeLessThanOrEqual(LONGEST_RECORD)
    const piece = JSON.parse(record) as PieceRecord
    expect(canonicalJson({ ...piece })).toBe(record)
    return piece
  })
  const whole = pieces.map((piece) => joiner.take(piece))
  expect(whole.slice(0, -1).every((one) => one === undefined)).toBe(true)
  return { pieces, joined: whole.at(-1)?.text }
}

/** What a JSON document may hold, and what it looks like when somebody wants trouble. */
const stretch = fc.oneof(
  fc.constantFrom('公道', '𠮷', '😀', '"', '\\', '\\u0000', '\n', 'a', '\u2028', 'é'),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)
const longText = fc
  .tuple(fc.array(stretch, { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 900 }))
  .map(([parts, times]) => parts.join('').repeat(times))

test('any text goes into leaves under 64 KiB and comes back whole', () => {
  fc.assert(
    fc.property(longText, (text) => {
      const { pieces, joined } = taken(text)
      expect(joined).toBe(text)
      expect(digestOf(joined ?? '')).toBe(pieces[0]?.hash)
      for (const { text: piece } of pieces) expect(piece.isWellFormed()).toBe(true)
    }),
    { numRuns: 150 },
  )
})

test.each([
  ['Chinese only', '公'.repeat(10_000)],
  ['a pair across the cut', `${'a'.repeat(9_999)}𠮷${'b'.repeat(20_000)}`],
  ['pairs only', '𠮷'.repeat(40_000)],
  ['quotes only', '"'.repeat(60_000)],
  ['what JSON spells with six characters', '\u0001'.repeat(45_000)],
  ['nothing', ''],
  ['exactly one piece', 'x'.repeat(10_000)],
  ['one more than a piece', 'x'.repeat(10_001)],
])('%s', (_, text) => {
  expect(taken(text).joined).toBe(text)
})

test('a writer that crashed between two pieces begins again, and the text is whole', () => {
  const text = '公'.repeat(50_000)
  const entries = piecesOf('rules', { hash: digestOf(text), id: 'rules', text })
  const pieces = entries.map(({ record }) => JSON.parse(record) as PieceRecord)
  const joiner = new PieceJoiner()
  for (const piece of pieces.slice(0, 2)) joiner.take(piece)
  const again = pieces.map((piece) => joiner.take(piece))
  expect(again.at(-1)?.text).toBe(text)
})

test('a piece that is missing or comes twice is refused', () => {
  const text = 'x'.repeat(30_000)
  const [first, second, third] = piecesOf('rules', { hash: digestOf(text), id: 'rules', text }).map(
    ({ record }) => JSON.parse(record) as PieceRecord,
  )
  if (first === undefined || second === undefined || third === undefined) throw new Error('three')
  const gap = new PieceJoiner()
  gap.take(first)
  expect(() => gap.take(third)).toThrow('out of order')
  const twice = new PieceJoiner()
  twice.take(first)
  twice.take(second)
  expect(() => twice.take(second)).toThrow('out of order')
})
