/** A table for people: cells are wrapped at spaces, and Chinese characters count as two columns. */

/** `widest`: where a cell is wrapped. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  widest = 24,
): string {
  const wrapped = rows.map((row) => row.map((cell) => wrap(cell, widest)))
  const widths = head.map((title, column) =>
    Math.max(...[title, ...wrapped.flatMap((row) => row[column] ?? [])].map(widthOf)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  const body = wrapped.flatMap((row) => {
    const height = Math.max(...row.map((cell) => cell.length))
    return Array.from({ length: height }, (_, at) => line(row.map((cell) => cell[at] ?? '')))
  })
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...body].join('\n')
}

function wrap(cell: string, widest: number): readonly string[] {
  const lines: string[] = []
  for (const word of cell.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= widest) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}

function padded(cell: string, width: number): string {
  return cell + ' '.repeat(width - widthOf(cell))
}

// East Asian wide and full-width forms, as far as our words use them.
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u

function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : 1
  return width
}
