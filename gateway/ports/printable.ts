/**
 * Text for a terminal. What others write (a department's documents, a peer's answer) may hold what moves the cursor, begins a line of
 * its own or turns the order of the letters: it is spelled out, so that nobody else speaks in the gateway's name.
 */

/** One line, whatever stands in it. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, spelledOut)
}

/** Several lines; each but the first is indented, so that none looks like a sentence of its own. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n  ')
}

/** C0, DEL and C1; line and paragraph separators; bidirectional overrides and all else that is not seen; half a character. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/gu

function spelledOut(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}
