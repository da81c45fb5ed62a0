/**
 * The tokens of RFC 8259 on bytes: where one that begins here ends. Nothing is decoded and nothing is copied.
 *
 * The bytes MUST be followed by a zero byte (`text-bytes.ts` does that): no token contains it, so no loop here asks
 * for the length. UTF-8 is not checked here but once, for the whole text.
 */
export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const BACKSLASH = 0x5c
export const OPEN_ARRAY = 0x5b
export const CLOSE_ARRAY = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d
export const LETTER_N = 0x6e

/** Deeper nesting is refused: 32 containers, one inside the other. */
export const DEEPEST = 32

/** Past the white space that stands here, if any. */
export function afterSpace(bytes: Uint8Array, from: number): number {
  // Between tokens there is none, in what programs write.
  return (bytes[from] ?? 0) > SPACE_BYTE ? from : pastSpace(bytes, from)
}

/** White space, or a byte that is nothing at all, stands here. */
export function isSpace(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] ?? 0) <= SPACE_BYTE
}

function pastSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (SPACE[bytes[at] ?? 0] === 1) at += 1
  return at
}

/**
 * `from` is just after the opening quote. Answers where the closing quote's successor stands; the bitwise complement
 * of that if there is an escape in the string; 0 if there is no such string (RFC 8259 §7).
 */
export function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (STOPS[bytes[at] ?? 0] === 0) at += 1
  if (bytes[at] === QUOTE) return at + 1
  return escapedStringEnd(bytes, at)
}

/** Where the number ends that begins here (RFC 8259 §6); 0 if none does. */
export function numberEnd(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from
  const whole = afterDigits(bytes, at)
  // No digit at all, or a leading zero.
  if (whole === at || (bytes[at] === ZERO && whole > at + 1)) return 0
  at = whole
  if (bytes[at] === DOT) {
    const fraction = afterDigits(bytes, at + 1)
    if (fraction === at + 1) return 0
    at = fraction
  }
  return (bytes[at] ?? 0) === LETTER_E || bytes[at] === CAPITAL_E ? exponentEnd(bytes, at + 1) : at
}

/** Where `true`, `false` or `null` ends; 0 if none of them stands here. */
export function wordEnd(bytes: Uint8Array, from: number): number {
  const word = WORDS[bytes[from] ?? 0]
  if (word === undefined) return 0
  for (let at = 1; at < word.length; at += 1) {
    if (bytes[from + at] !== word[at]) return 0
  }
  return from + word.length
}

const SPACE_BYTE = 0x20
const MINUS = 0x2d
const PLUS = 0x2b
const DOT = 0x2e
const ZERO = 0x30
const CAPITAL_E = 0x45
const LETTER_E = 0x65
const LETTER_U = 0x75

/** By first letter. */
const WORDS: (Uint8Array | undefined)[] = Array.from({ length: 256 })
for (const word of ['true', 'false', 'null']) {
  WORDS[word.charCodeAt(0)] = Uint8Array.from(word, (letter) => letter.charCodeAt(0))
}

/** 1 for the four bytes of white space (RFC 8259 §2). */
const SPACE = new Uint8Array(256)
for (const code of [0x20, 0x09, 0x0a, 0x0d]) SPACE[code] = 1

/** 1 where the run of ordinary bytes in a string ends: quote, backslash, control characters. */
const STOPS = new Uint8Array(256)
STOPS.fill(1, 0, 0x20)
STOPS[QUOTE] = 1
STOPS[BACKSLASH] = 1

/** 1 for what may follow a backslash, beside `u`. */
const ESCAPES = new Uint8Array(256)
for (const letter of '"\\/bfnrt') ESCAPES[letter.charCodeAt(0)] = 1

function escapedStringEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === BACKSLASH) {
    at = escapeEnd(bytes, at)
    if (at === 0) return 0
    while (STOPS[bytes[at] ?? 0] === 0) at += 1
  }
  return bytes[at] === QUOTE ? ~(at + 1) : 0
}

/**
 * Half of a surrogate pair is refused: it stands for no character and has no UTF-8, so that two readers of the same
 * text would see different names (RFC 8259 §8.2).
 */
function escapeEnd(bytes: Uint8Array, backslash: number): number {
  if (ESCAPES[bytes[backslash + 1] ?? 0] === 1) return backslash + 2
  const unit = escapedUnit(bytes, backslash)
  if (unit < 0 || isLowSurrogate(unit)) return 0
  if (unit < 0xd800 || unit > 0xdbff) return backslash + 6
  return isLowSurrogate(escapedUnit(bytes, backslash + 6)) ? backslash + 12 : 0
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}

/** The UTF-16 unit of `\uXXXX`; below 0 if that does not stand here. */
function escapedUnit(bytes: Uint8Array, backslash: number): number {
  if (bytes[backslash] !== BACKSLASH || bytes[backslash + 1] !== LETTER_U) return -1
  let unit = 0
  for (let at = backslash + 2; at < backslash + 6; at += 1) {
    const digit = hexDigit(bytes[at] ?? 0)
    if (digit < 0) return -1
    unit = unit * 16 + digit
  }
  return unit
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= 0x39) return code - ZERO
  const letter = (code | 0x20) - 0x61
  return letter >= 0 && letter <= 5 ? letter + 10 : -1
}

function afterDigits(bytes: Uint8Array, from: number): number {
  let at = from
  while ((bytes[at] ?? 0) >= ZERO && (bytes[at] ?? 0) <= 0x39) at += 1
  return at
}

function exponentEnd(bytes: Uint8Array, from: number): number {
  const digits = bytes[from] === PLUS || bytes[from] === MINUS ? from + 1 : from
  const end = afterDigits(bytes, digits)
  return end === digits ? 0 : end
}
