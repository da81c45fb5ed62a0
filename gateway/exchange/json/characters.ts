/** How many characters (Unicode code points) a well-formed text has. */
export function characterCount(text: string): number {
  let count = text.length
  for (let at = 0; at < text.length; at += 1) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) count -= 1
  }
  return count
}
