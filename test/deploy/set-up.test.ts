/** What a developer without root is told, and what becomes of the tests that need more than Node. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../harness/command.ts'

let bare: string

beforeAll(() => {
  bare = mkdtempSync(join(tmpdir(), 'gongdao-bare-'))
  writeFileSync(join(bare, 'apt-get'), '', { mode: 0o755 })
})

afterAll(() => {
  rmSync(bare, { recursive: true, force: true })
})

test('without root the set-up says in two lines what is skipped and what to run, and goes on', () => {
  const notRoot = 'data:text/javascript,process.getuid=()=>1000'
  const { status, stderr, stdout } = onABareMachine(
    {},
    '--import',
    notRoot,
    'deploy/set-up.mjs',
    '--tests',
  )
  expect(status).toBe(0)
  expect(stdout).toBe('')
  const lines = stderr.trim().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toMatch(
    /^Not on this machine: openssl, .*maven\b.*\. Skipped, .*: .*Redis, Kafka\b.*\.$/,
  )
  expect(lines[1]).toMatch(
    /^To have them: {2}sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends openssl .*maven.*'$/,
  )
})

test('tests without their program are skipped with the reason, and under CI that fails the run', () => {
  const some = 'test/adapters/ledger-kafka/real-broker.test.ts'
  const words = [
    ...['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'],
    ...['--config', '.config/jest.config.js', '-i', some],
  ]
  const here = onABareMachine({ CI: '' }, ...words)
  expect(here.stdout).toMatch(
    /^skipped, (\d+) tests: kafka is not on this machine\n0 passed, 0 failed, \1 skipped\n$/,
  )
  expect(here.status).toBe(0)
  const inCi = onABareMachine({ CI: 'true' }, ...words)
  expect(inCi.status).not.toBe(0)
  expect(inCi.stderr + inCi.stdout).toContain('under CI every test has to run')
})

/** No program on the PATH but a package manager, and an empty cache. */
function onABareMachine(
  more: NodeJS.ProcessEnv,
  ...words: readonly string[]
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const { KAFKA_BROKERS: _none, ...inherited } = process.env
  const env = { ...inherited, PATH: bare, XDG_CACHE_HOME: bare, ...more }
  return spawnSync(process.execPath, words, { cwd: ROOT, env, encoding: 'utf8' })
}
