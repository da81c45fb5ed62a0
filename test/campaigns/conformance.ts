/**
 * Exports logs of every size that matters, and has Go's own implementation of the formats (golang.org/x/mod/sumdb) read them. Needs Go
 * and its module proxy, so that it is no part of `npm test`:
 *
 *     npm run campaign:conformance
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportLedger } from '../../adapters/ledger-tiles/export-ledger.ts'
import { chainIn } from '../../adapters/ledger-tiles/layout.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { CLOSED, RUNNING, tamperLedger } from '../harness/tamper/ledger.ts'
import { KEYS, REGISTRY, gateway } from '../harness/small-ledger.ts'
import { syntheticSource } from '../harness/synthetic-chain.ts'

const MODULE = 'golang.org/x/mod@v0.42.0'
const SIZES = [1, 2, 255, 256, 257, 65_535, 65_536, 65_537]

const folder = mkdtempSync(join(tmpdir(), 'gongdao-conformance-'))
try {
  const verifier = build()
  const keys = parsePinnedKeys(KEYS)
  const registryKey = KEYS.split('\n')[0] ?? ''
  for (const size of SIZES) {
    const to = join(folder, `size-${String(size)}`)
    await exportLedger({
      source: syntheticSource({ origin: REGISTRY, size, batch: 700 }),
      keys,
      to,
    })
    read(verifier, chainIn(to, REGISTRY), registryKey)
  }
  const ledger = await tamperLedger()
  for (const origin of [CLOSED, RUNNING]) {
    read(verifier, chainIn(ledger.tiles, origin), vkeyText(origin, gateway.publicKey))
  }
  ledger.remove()
} finally {
  rmSync(folder, { recursive: true })
}

function build(): string {
  copyFileSync(new URL('./conformance.go', import.meta.url), join(folder, 'main.go'))
  writeFileSync(join(folder, 'go.mod'), 'module conformance\n\ngo 1.24\n')
  execFileSync('go', ['get', MODULE], { cwd: folder, stdio: 'pipe' })
  execFileSync('go', ['build', '-o', 'conformance', 'main.go'], { cwd: folder, stdio: 'pipe' })
  return join(folder, 'conformance')
}

function read(verifier: string, chain: string, key: string): void {
  process.stdout.write(execFileSync(verifier, [chain, key]))
}
