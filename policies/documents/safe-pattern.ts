/**
 * Which regular expressions may stand in a registration. The provider chooses the text that one runs over, and nothing in it
 * may take longer than the text is long: V8 tries one way after the other.
 *
 * Ways multiply: each `?`, `{1,8}` and `|` has a few, `*`, `+`, `{1,}` and `{1,1000}` as many as the text has characters. So one
 * of the latter at the most, few of the former, and a group is not repeated, since its ways would multiply with each turn.
 */
export function isSafePattern(pattern: string): boolean {
  return isRegularExpression(pattern) && !OTHER_GROUP.test(pattern) && areFew(pattern)
}

/** Atoms are read over; what is left is what there is more than one way of. */
const TOKEN =
  /\(\?:|\\[pPu]\{[^}]*\}|\\[^]|\[(?:[^\]\\]|\\[^])*\]|(\)?)([*+?]|\{\d+(?:,\d*)?\})|(\|)|[^]/gu

/** Look-around, names, modifiers. References are found with the atoms. */
const OTHER_GROUP = /\((?=\?(?!:))/
const REFERENCE = /^\\[1-9k]/
const MOST_WAYS = 256
const FEW = 16

function areFew(pattern: string): boolean {
  let ways = 1
  let endless = 0
  for (const [token, group = '', quantifier, bar] of pattern.matchAll(TOKEN)) {
    if (REFERENCE.test(token)) return false
    if (bar !== undefined) ways *= 2
    if (quantifier === undefined) continue
    if (group !== '' && quantifier !== '?') return false
    const span = spanOf(quantifier)
    if (span > FEW) endless += 1
    else ways *= span
  }
  return endless <= 1 && ways <= MOST_WAYS
}

/** In how many ways a quantifier can be met. */
function spanOf(quantifier: string): number {
  if (quantifier === '?') return 2
  if (quantifier === '*' || quantifier === '+') return Infinity
  const [least = '', most = least] = quantifier.slice(1, -1).split(',')
  return most === '' ? Infinity : Number(most) - Number(least) + 1
}

function isRegularExpression(pattern: string): boolean {
  try {
    new RegExp(`^(?:${pattern})$`, 'u')
    return true
  } catch {
    return false
  }
}
