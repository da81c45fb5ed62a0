/** One line that shows how far long work has come, on a terminal only. */
export interface ProgressLine {
  /** `of`: how much there is in all, as far as that is known. */
  readonly at: (done: number, of?: number) => void
  readonly end: () => void
}

/** Milliseconds; eyes need no more. */
const EACH_MS = 100
const CELLS = 24

export function progressLine(what: string, quiet: boolean): ProgressLine {
  const { stderr } = process
  const shown = stderr.isTTY && !quiet
  const began = performance.now()
  let last = 0
  return {
    at(done, of = 0) {
      const now = performance.now()
      if (!shown || now - last < EACH_MS) return
      last = now
      const text = progressText(what, { done, of, tookMs: now - began })
      // A line that wraps could not be written over.
      stderr.write(`\r${text.slice(0, Math.max(40, stderr.columns) - 1)}\u001b[K`)
    },
    end() {
      if (shown) stderr.write('\r\u001b[K')
    },
  }
}

/** With a bar and the time that is left, where it is known how much there is. */
export function progressText(
  what: string,
  { done, of, tookMs }: { readonly done: number; readonly of: number; readonly tookMs: number },
): string {
  const count = `${what} ${done.toLocaleString('en')}`
  if (of < done || done === 0) return count
  const share = done / of
  const full = Math.floor(share * CELLS)
  const bar = `${'█'.repeat(full)}${'░'.repeat(CELLS - full)}`
  const percent = `${String(Math.floor(share * 100))} %`.padStart(5)
  const left = leftText((tookMs / done) * (of - done))
  return `${bar} ${percent}  ${count} of ${of.toLocaleString('en')}  ${left}`
}

function leftText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 120) return `${String(seconds)} s left`
  return `${String(Math.ceil(seconds / 60))} min left`
}
