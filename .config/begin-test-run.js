// A folder for what the test files of one run share: servers that the first to need them starts.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export default function beginTestRun() {
  process.env.GONGDAO_TEST_RUN = mkdtempSync(join(tmpdir(), 'gongdao-tests-'))
  process.env.GONGDAO_TEST_RUN_PID = String(process.pid)
}
