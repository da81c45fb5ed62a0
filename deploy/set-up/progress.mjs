// On a terminal one live line; elsewhere (CI, a pipe) a plain line at the start, now and then, and
// at the end. Nobody should wonder whether it still works.
const LIVE_EVERY_MS = 200
const PLAIN_EVERY_MS = 10_000

export function progress({ quiet }) {
  const screen = process.stderr
  const say = (line) => {
    if (!quiet) screen.write(`${line}\n`)
  }
  return { say, during }

  /** Shows `what`, the seconds so far and `detail()` until the work is done or has failed. */
  async function during(what, detail, work) {
    if (quiet) return work()
    const started = Date.now()
    const line = () => [`${what} …`, `${seconds(started)} s`, detail()].filter(Boolean).join('  ')
    const live = screen.isTTY
    const show = live ? () => screen.write(`\r\u001b[2K${cut(line())}`) : () => say(line())
    show()
    const timer = setInterval(show, live ? LIVE_EVERY_MS : PLAIN_EVERY_MS)
    try {
      const result = await work()
      finish(live, `${what}: done in ${seconds(started)} s`)
      return result
    } catch (fault) {
      finish(live, `${what}: failed after ${seconds(started)} s`)
      throw fault
    } finally {
      clearInterval(timer)
    }
  }

  function finish(live, line) {
    if (live) screen.write('\r\u001b[2K')
    say(line)
  }

  function cut(line) {
    return line.slice(0, (screen.columns ?? 80) - 1)
  }
}

function seconds(started) {
  return Math.round((Date.now() - started) / 1000)
}
