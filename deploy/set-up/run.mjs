// Runs a program to its end and keeps what it printed.
import { spawn } from 'node:child_process'

/** Answers `{ code, output }`; `code` is null if the program could not be started. */
export function run(program, args, { onLine = () => {}, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const stop = (signal) => {
      child.kill(signal)
      // Nothing half-done is recorded as done, so the next start begins afresh.
      process.exit(signal === 'SIGINT' ? 130 : 143)
    }
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    let output = ''
    const keep = (chunk) => {
      output += chunk
      onLine(String(chunk).trimEnd().split('\n').at(-1))
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const end = (code) => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
      resolve({ code, output })
    }
    child.once('error', (fault) => {
      output += fault.message
      end(null)
    })
    child.once('close', end)
  })
}
