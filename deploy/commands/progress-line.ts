/** One line that counts up, on a terminal only. */
export function progressLine(
  what: string,
  quiet: boolean,
): { readonly at: (done: number) => void; readonly end: () => void } {
  const { stderr } = process
  const shown = stderr.isTTY && !quiet
  let last = 0
  return {
    at(done) {
      const now = performance.now()
      if (!shown || now - last < 100) return
      last = now
      stderr.write(`\r${what} ${String(done)}`)
    },
    end() {
      if (shown) stderr.write('\r\u001b[K')
    },
  }
}
