/** Real witnesses in this process, with HTTPS and folders of their own. They pin a ledger's keys as soon as there are some. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { layoutOf } from '../../adapters/certs-folder/layout.ts'
import { keysFile } from '../../adapters/ledger-journal/keys-file.ts'
import { foldersOf } from '../../deploy/config.ts'
import type { ClientIdentity } from '../../deploy/demo/ask.ts'
import { startWitness, type RunningWitness } from '../../deploy/start-witness.ts'
import { systemClock } from '../../deploy/system.ts'
import { parsePinnedKeys, type PinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { cosignerOf, cosignerVkey } from '../../gateway/witness/cosignature.ts'

export interface TestWitness {
  readonly name: string
  readonly vkey: string
  readonly data: string
  /** What its operator was told. */
  readonly alarms: string[]
  /** Stays the same over stops and starts. */
  readonly url: URL
  running: RunningWitness | undefined
  start(): Promise<void>
  stop(): Promise<void>
}

export interface TestWitnesses {
  readonly all: readonly TestWitness[]
  /** A file with the CA of their certificates. */
  readonly ca: string
  close(): Promise<void>
}

/** `ledger`: data folder whose keys they pin. */
export async function startWitnesses(
  count: number,
  ledger: string,
  own: ClientIdentity,
): Promise<TestWitnesses> {
  const parent = mkdtempSync(join(tmpdir(), 'gongdao-witnesses-'))
  const ca = join(parent, 'ca.pem')
  writeFileSync(ca, own.ca)
  // A peer knows the root only.
  const issuing = readFileSync(layoutOf(foldersOf(ledger).certs).issuingCertificate, 'utf8')
  const tls = { ...own, cert: own.cert + issuing }
  const all: TestWitness[] = []
  for (let number = 1; number <= count; number += 1) {
    all.push(await testWitness(number, { data: join(parent, String(number)), ledger, tls }))
  }
  return {
    all,
    ca,
    async close() {
      for (const witness of all) await witness.stop()
      rmSync(parent, { recursive: true, force: true })
    },
  }
}

async function testWitness(
  number: number,
  { data, ledger, tls }: { readonly data: string; readonly ledger: string; tls: ClientIdentity },
): Promise<TestWitness> {
  const cosigner = cosignerOf(`audit${number}.example/w1`, Buffer.alloc(32, 100 + number))
  const alarms: string[] = []
  const start = (port: number): Promise<RunningWitness> =>
    startWitness(
      { data, listen: { host: '127.0.0.1', port }, cosigner, keys: keysOf(ledger), tls },
      { clock: systemClock(), report: (sentence) => alarms.push(sentence) },
    )
  const running = await start(0)
  const { url } = running
  const witness: TestWitness = {
    name: cosigner.name,
    vkey: cosignerVkey(cosigner),
    data,
    alarms,
    url,
    running,
    async start() {
      witness.running ??= await start(Number(url.port))
    },
    async stop() {
      await witness.running?.close()
      witness.running = undefined
    },
  }
  return witness
}

function keysOf(ledger: string): PinnedKeys {
  const file = keysFile(ledger)
  const keys = (): PinnedKeys => parsePinnedKeys(existsSync(file) ? readFileSync(file, 'utf8') : '')
  return {
    forChain: (origin) => keys().forChain(origin),
    get registry() {
      return keys().registry
    },
    witnesses: [],
  }
}
