/** A witness that is killed at any moment remembers what it answered (its only duty). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { CertsFolder } from '../../adapters/certs-folder/certs-folder.ts'
import { LOCAL_HOSTS } from '../../certs/authority.ts'
import { identityOf } from '../../certs/identity.ts'
import { readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import {
  makeWitnessClient,
  type WitnessClient,
} from '../../adapters/witness-client/witness-client.ts'
import { cosignerOf, cosignerVkey } from '../../gateway/witness/cosignature.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { TestLog } from '../harness/test-log.ts'
import type { WitnessProgramOptions } from './witness.program.ts'

const PROGRAM = fileURLToPath(new URL('witness.program.ts', import.meta.url))
const VKEY = cosignerVkey(cosignerOf('audit.example/w1', Buffer.alloc(32, 7)))

let parent: string
let tls: { cert: string; key: string; ca: string }

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'gongdao-witness-kill-'))
  const now = Instant.ofMilliseconds(Date.now())
  const random = (count: number): Uint8Array => randomBytes(count)
  const certs = await CertsFolder.init(
    join(parent, 'certs'),
    { organization: 'T', now, listDays: 1 },
    random,
  )
  const { files } = await certs.issue(
    {
      identity: identityOf('gateway', 'T/GOV/A/w1'),
      organization: 'T',
      hosts: LOCAL_HOSTS,
      notBefore: Instant.ofMilliseconds(now - 60_000),
      notAfter: Instant.ofMilliseconds(now + 3_600_000),
    },
    { key: 'ec', now },
  )
  const { issuingCertificate, rootCertificate } = certs.layout
  const cert = readFileSync(files.certificate, 'utf8') + readFileSync(issuingCertificate, 'utf8')
  tls = { cert, key: readFileSync(files.key!, 'utf8'), ca: readFileSync(rootCertificate, 'utf8') }
})

afterAll(() => {
  rmSync(parent, { recursive: true })
})

interface Started {
  readonly client: WitnessClient
  kill(): Promise<void>
}

const running: Started[] = []

afterEach(async () => {
  for (const one of running.splice(0)) await one.kill()
})

async function start(data: string, crash?: WitnessProgramOptions['crash']): Promise<Started> {
  const options = { data, keys: new TestLog('T/registry').vkey, tls, crash }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string]
  const url = new URL(`https://127.0.0.1:${port}`)
  const client = makeWitnessClient({ vkey: VKEY, url, ca: tls.ca, deadlineMs: 5_000 })
  const started = {
    client,
    async kill() {
      client.close()
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
  running.push(started)
  return started
}

/** Asks until there is no answer any more; answers the last size that was cosigned. */
async function feed(
  { client }: Started,
  log: TestLog,
  from: number,
  steps: number,
): Promise<number> {
  let known = from
  for (let step = 0; step < steps; step += 1) {
    log.grow(3)
    const reply = await client.post('add-checkpoint', log.request(known))
    if (reply.kind === 'away' || reply.status !== 200) return known
    known = log.leaves.length
  }
  return known
}

async function sizeKnownTo({ client }: Started, log: TestLog): Promise<number> {
  const reply = await client.post('add-checkpoint', log.request(log.leaves.length - 1))
  if (reply.kind !== 'answered' || reply.status !== 409) throw new Error(JSON.stringify(reply))
  return Number(reply.body)
}

test.each(['write', 'half-write', 'sync', 'synced'] as const)(
  'killed at a %s of what it remembers, it has answered nothing that it has forgotten',
  async (at) => {
    const data = join(parent, at)
    const log = new TestLog('T/registry')
    let known = 0
    for (const number of [1, 3]) {
      const witness = await start(data, { at, number })
      known = await feed(witness, log, known, 5)
      await witness.kill()
      const again = await start(data)
      const remembered = await sizeKnownTo(again, log.grow(2))
      expect(remembered).toBeGreaterThanOrEqual(known)
      // One step further at most: it was remembered, and there was no time left to say so.
      expect(remembered).toBeLessThanOrEqual(known + 3)
      // The other story of what was answered gets no cosignature, ever again.
      const forked = log.forkedAt(Math.max(0, known - 1))
      const reply = await again.client.post('add-checkpoint', forked.request(remembered))
      expect(reply).toMatchObject({
        kind: 'answered',
        status: known === 0 && remembered === 0 ? 200 : 422,
      })
      await again.kill()
      if (known === 0 && remembered === 0) rmSync(data, { recursive: true })
      else known = remembered
    }
  },
  30_000,
)
