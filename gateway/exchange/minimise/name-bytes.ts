/** Member names compared as the bytes that stand there. */

/** A cheap signature of the name between two quotes: its length, first, middle and last byte. */
export function sign(bytes: Uint8Array, start: number, end: number): number {
  const middle = bytes[start + ((end - start) >> 1)] ?? 0
  const ends = ((bytes[start] ?? 0) << 8) | (bytes[end - 1] ?? 0)
  const mixed = Math.imul((((end - start) & 0xff) << 24) ^ (middle << 16) ^ ends, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/** `length` bytes from `start` are those from `otherStart`. */
// eslint-disable-next-line max-params -- two ranges, on the hottest path: an object for each would cost more than the loop
export function sameBytes(
  bytes: Uint8Array,
  start: number,
  other: Uint8Array,
  otherStart: number,
  length: number,
): boolean {
  for (let at = 0; at < length; at += 1) {
    if (bytes[start + at] !== other[otherStart + at]) return false
  }
  return true
}
