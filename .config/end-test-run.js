// Stops the servers that the test files shared. Where a test failed, what they said stays to be read.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE_MS = 20_000

export default async function endTestRun() {
  const folder = process.env.GONGDAO_TEST_RUN
  const pids = readdirSync(folder)
    .map((service) => join(folder, service, 'pid'))
    .filter((path) => existsSync(path))
    .map((path) => Number(readFileSync(path, 'utf8')))
  for (const pid of pids) signal(pid, 'SIGTERM')
  const until = Date.now() + PATIENCE_MS
  while (pids.some((pid) => signal(pid, 0)) && Date.now() < until) await pause(50)
  const failed = process.env.GONGDAO_TESTS_FAILED === 'yes'
  if (failed && readdirSync(folder).length > 0) {
    process.stderr.write(`What the servers of this run said is kept in ${folder}\n`)
  } else {
    rmSync(folder, { recursive: true, force: true })
  }
}

function signal(pid, name) {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
