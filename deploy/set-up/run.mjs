// Runs a program to its end and keeps what it printed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
const GRACE_MS = 2000

/** Answers `{ code, output }`; `code` is null if the program could not be started. */
export function run(program, args, { onLine = () => {}, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let stopping = false
    const stop = (signal) => {
      if (!stopping) void stopWith(child, signal)
      stopping = true
    }
    for (const signal of SIGNALS) process.on(signal, stop)
    let output = ''
    const keep = (chunk) => {
      output += chunk
      onLine(String(chunk).trimEnd().split('\n').at(-1))
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const end = (code) => {
      if (stopping) return
      for (const signal of SIGNALS) process.off(signal, stop)
      resolve({ code, output })
    }
    child.once('error', (fault) => {
      output += fault.message
      end(null)
    })
    child.once('close', end)
  })
}

/** First the program, then we: what still unpacks behind our back would spoil the next start. */
async function stopWith(child, signal) {
  const gone = once(child, 'close')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  await gone
  clearTimeout(timer)
  // Nothing half-done is recorded as done, so the next start begins afresh.
  process.exit(128 + constants.signals[signal])
}
