/**
 * A JSON text laid out for the scanner: copied once to a place of our own that ends in zero bytes.
 *
 * One place serves all texts, one after the other, since nothing here waits for anything. It is wiped after use: a
 * person's data should not lie about longer than its exchange.
 */
import { isUtf8, type Buffer } from 'node:buffer'

/** The bytes, followed by a zero; undefined where they are not UTF-8 (RFC 8259 §8.1). Ends with `wipe`. */
export function layOut(text: Uint8Array): Uint8Array | undefined {
  if (!isUtf8(text)) return undefined
  if (text.length >= place.length) place = new Uint8Array(2 * text.length + 1)
  place.set(text)
  place[text.length] = 0
  return place
}

export function wipe(length: number): void {
  if (length > KEPT) place = new Uint8Array(KEPT)
  else place.fill(0, 0, length)
}

/** What a string means that stands between `start` and `end` (without its quotes) and was found well-formed. */
export function meaning(
  text: Buffer,
  range: { start: number; end: number },
  escaped: boolean,
): string {
  if (!escaped) return text.toString('utf8', range.start, range.end)
  const value: unknown = JSON.parse(text.toString('utf8', range.start - 1, range.end + 1))
  return typeof value === 'string' ? value : ''
}

/** A larger text's place is given back. */
const KEPT = 1 << 20
let place = new Uint8Array(1 << 15)
