/**
 * A pure function that knows its last answers: the same few identifiers come with every request. The texts are
 * attacker-controlled, so they are bounded in number (all are forgotten when there is no room) and in length.
 */
export function remembered<T>(parse: (text: string) => T): (text: string) => T {
  const answers = new Map<string, T>()
  return (text) => {
    const known = answers.get(text)
    if (known !== undefined) return known
    const answer = parse(text)
    if (answers.size >= MOST) answers.clear()
    if (text.length <= LONGEST) answers.set(text, answer)
    return answer
  }
}

const MOST = 1024
const LONGEST = 256
