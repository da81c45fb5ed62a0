/** Waiting, as an argument: a test runs hours in no time, and a simulation decides who comes first. */
export interface Timers {
  /** Calls `go` once, so many milliseconds from now, unless the function that it answers is called before. */
  after(milliseconds: number, go: () => void): () => void
}

/** The machine's own; none of them keeps the process alive. */
export const machineTimers: Timers = {
  after(milliseconds, go) {
    const timer = setTimeout(go, milliseconds).unref()
    return () => {
      clearTimeout(timer)
    }
  },
}
