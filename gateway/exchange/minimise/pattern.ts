/**
 * A registered pattern, which whole values match. Most are one character class and how often it stands (`[A-Z0-9]{1,8}`): these
 * are compared on the bytes. Everything else, and every value that is not plain ASCII, goes to the regular expression.
 */
export const MATCHES = 1
export const FAILS = 0
export const UNDECIDED = -1

export class Pattern {
  readonly #whole: RegExp
  /** By ASCII code: 1 if the class has it. Undefined: the pattern is not of that form. */
  readonly #allowed: Uint8Array | undefined
  readonly #least: number
  readonly #most: number

  /** Throws `SyntaxError` for what is no regular expression. */
  constructor(pattern: string) {
    this.#whole = new RegExp(`^(?:${pattern})$`, 'u')
    const [, characters, often = ''] = ONE_CLASS.exec(pattern) ?? []
    this.#allowed = characters === undefined ? undefined : codesOf(characters)
    const [least, most] = timesOf(often)
    this.#least = least
    this.#most = most
  }

  test(value: string): boolean {
    return this.#whole.test(value)
  }

  /** The same for the bytes of a string without escapes, if they can tell. */
  testBytes(bytes: Uint8Array, start: number, end: number): number {
    const allowed = this.#allowed
    if (allowed === undefined) return UNDECIDED
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0
      if (byte >= ASCII) return UNDECIDED
      if (allowed[byte] === 0) return FAILS
    }
    return end - start >= this.#least && end - start <= this.#most ? MATCHES : FAILS
  }
}

const ASCII = 128

/** One class and a quantifier, if any. */
const ONE_CLASS = /^(\[(?:[^\]\\]|\\.)+\])(\*|\+|\?|\{\d+(?:,\d*)?\})?$/su

/** What the class has is for the regular expression to say, character by character. */
function codesOf(characters: string): Uint8Array {
  const one = new RegExp(`^${characters}$`, 'u')
  return Uint8Array.from({ length: ASCII }, (_, code) =>
    one.test(String.fromCharCode(code)) ? 1 : 0,
  )
}

function timesOf(quantifier: string): [least: number, most: number] {
  if (quantifier === '') return [1, 1]
  if (quantifier === '*') return [0, Infinity]
  if (quantifier === '+') return [1, Infinity]
  if (quantifier === '?') return [0, 1]
  const [least = '', most] = quantifier.slice(1, -1).split(',')
  if (most === undefined) return [Number(least), Number(least)]
  return [Number(least), most === '' ? Infinity : Number(most)]
}
