/** Witnesses as processes of their own, each with a folder and a certificate: nothing that the operator holds reaches into them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { CertsFolder } from '../../../adapters/certs-folder/certs-folder.ts'
import { LOCAL_HOSTS } from '../../../certs/authority.ts'
import { identityOf } from '../../../certs/identity.ts'
import { Instant } from '../../../policies/vocabulary.ts'
import { foldersOf } from '../../config.ts'
import { makeWitnessKey } from '../../witness-key.ts'

export interface DemoWitness {
  readonly name: string
  readonly key: string
  readonly url: URL
  /** What it has kept against an operator, in words. */
  contradictions(): readonly string[]
}

export interface DemoWitnesses {
  readonly all: readonly DemoWitness[]
  /** File with the CA of their certificates. */
  readonly ca: string
  close(): Promise<void>
}

const NAMES = ['audit.example', 'university.example', 'bar-association.example']
const GONGDAO = fileURLToPath(new URL('../../gongdao.ts', import.meta.url))
const YEAR_MS = 365 * 86_400_000

/** `ledger`: data folder of the gateway; `keys`: its verifier keys, as handed over. */
export async function startDemoWitnesses(ledger: string, keys: string): Promise<DemoWitnesses> {
  const certs = CertsFolder.open(foldersOf(ledger).certs, (count) => randomBytes(count))
  const started = await Promise.all(
    NAMES.map(async (name) => {
      const data = join(ledger, 'witnesses', name)
      const tls = await certificateOf(certs, name, data)
      makeWitnessKey(data, `${name}/w1`)
      const words = ['--data', data, '--keys', keys, ...tls, '--port', '0', '--json']
      return { name, data, ...(await startProcess(words)) }
    }),
  )
  return {
    all: started.map(({ data, key, name, url }) => ({
      name,
      key,
      url,
      contradictions: () => sentencesIn(join(data, 'contradictions')),
    })),
    ca: certs.layout.rootCertificate,
    async close() {
      for (const { child } of started) {
        const ended = once(child, 'close')
        child.kill('SIGTERM')
        await ended
      }
    },
  }
}

async function certificateOf(certs: CertsFolder, name: string, data: string): Promise<string[]> {
  const now = Date.now()
  const server = name.split('.')[0] ?? name
  const order = {
    identity: identityOf('gateway', `TW/NGO/WITNESS/${server}`),
    organization: `${name} DEMO 示範`,
    hosts: LOCAL_HOSTS,
    notBefore: Instant.ofMilliseconds(now - 3_600_000),
    notAfter: Instant.ofMilliseconds(now + YEAR_MS),
  }
  const { files } = await certs.issue(order, { key: 'ec', now: Instant.ofMilliseconds(now) })
  mkdirSync(data, { recursive: true })
  const chain = join(data, 'chain.pem')
  const issuing = readFileSync(certs.layout.issuingCertificate)
  writeFileSync(chain, Buffer.concat([readFileSync(files.certificate), issuing]))
  return ['--cert', chain, '--cert-key', files.key ?? '']
}

interface Started {
  readonly child: ChildProcess
  readonly key: string
  readonly url: URL
}

async function startProcess(words: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [GONGDAO, 'witness', ...words], {
    // What alarms its operator is shown by the demo itself, from what it has kept.
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'close').then(() => ['{}']),
  ])) as [string]
  const { key, url } = JSON.parse(line) as Partial<Record<'key' | 'url', string>>
  if (key === undefined || url === undefined) throw new Error('a witness could not be started')
  return { child, key, url: new URL(url) }
}

function sentencesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => readFileSync(join(folder, name), 'utf8').split('\n')[6] ?? '')
}
