/** Folders of this test run (`.config/begin-test-run.js`): removed at its end, kept where a test failed. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function runFolder(): string | undefined {
  return process.env['GONGDAO_TEST_RUN']
}

/** A new folder for a server of one test file. */
export function serverFolder(name: string): string {
  return mkdtempSync(join(runFolder() ?? tmpdir(), `${name}-`))
}
