/** A whole gateway and real witnesses over HTTPS: what is cosigned, by whom, how soon, and what happens while they are away. */
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { keysFile } from '../../adapters/ledger-journal/keys-file.ts'
import { makeWitnessClient } from '../../adapters/witness-client/witness-client.ts'
import { entriesOf } from '../../deploy/demo/dishonest/operator.ts'
import type { Asked } from '../../deploy/demo/ask.ts'
import type { Witnesses } from '../../deploy/config/witnesses.ts'
import { checkReceipt, type ReceiptFinding } from '../../gateway/ledger/check-receipt.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { parseWitnessPolicy } from '../../gateway/ledger/witness-policy.ts'
import { parseNote } from '../../gateway/ledger/note.ts'
import { cosignatureLine, cosignerOf, cosignerVkey } from '../../gateway/witness/cosignature.ts'
import { checkpointIn } from '../../gateway/witness/parts.ts'
import type { WitnessStatus } from '../../gateway/witness/status.ts'
import { witnessPolicyFile } from '../../deploy/witness-policy-file.ts'
import { gongdao } from '../harness/command.ts'
import { scenarioNamed, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'
import { startWitnesses, type TestWitnesses } from '../harness/witnesses.ts'

interface Observed {
  readonly system: System
  readonly witnesses: TestWitnesses
  /** Of the configuration, from the next start on. */
  section: Partial<Witnesses>
}

const open: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

async function observed(count: number, section: Partial<Witnesses> = {}): Promise<Observed> {
  const started: TestWitnesses[] = []
  const system = await startSystem({
    start: false,
    config: () => {
      const [witnesses] = started
      return witnesses === undefined ? {} : { witnesses: sectionOf(witnesses, both.section) }
    },
  })
  open.push(() => system[Symbol.asyncDispose]())
  const gateway = system.world.identityOf('gateway', 'TW/GOV/GONGDAO/gateway-1')
  const witnesses = await startWitnesses(count, system.data, gateway)
  started.push(witnesses)
  open.push(witnesses.close)
  const both: Observed = { system, witnesses, section }
  return both
}

function sectionOf({ all, ca }: TestWitnesses, section: Partial<Witnesses>): Witnesses {
  const [first, ...others] = all.map(({ url, vkey }) => ({ key: vkey, url, ca }))
  return {
    require: all.length,
    whenAway: 'continue',
    deadlineMs: 2_000,
    witnesses: [first!, ...others],
    ...section,
  }
}

function served({ system }: Observed, exchange: unknown): Promise<Asked> {
  const path = `/exchange/receipts/${String(exchange)}`
  return system.ask({ consumer: scenarioNamed('S3').consumer, path })
}

async function receiptOf(
  both: Observed,
  exchange: unknown,
): Promise<Extract<ReceiptFinding, { kind: 'good' }>> {
  const { system, witnesses } = both
  const asked = await served(both, exchange)
  const keys = [
    readFileSync(keysFile(system.data), 'utf8'),
    ...witnesses.all.map(({ vkey }) => vkey),
  ]
  const finding = checkReceipt(asked.body, { keys: parsePinnedKeys(keys.join('\n')) })
  if (finding.kind === 'bad') throw new Error(finding.sentence)
  return finding
}

function statusOf({ system }: Observed): WitnessStatus {
  return system.gateway.core.witnessing.status()
}

async function bothCosign(both: Observed, exchange: unknown): Promise<void> {
  await until(async () => {
    const { cosigned } = await receiptOf(both, exchange)
    return cosigned.length === both.witnesses.all.length
  }, 'all have cosigned')
}

test('a receipt carries both cosignatures within ten seconds, and so does that of the next incarnation, and of those before', async () => {
  const both = await observed(2)
  const { system, witnesses } = both
  let last = ''
  const ids: unknown[] = []
  for (const n of [1, 2, 3]) {
    await system.start()
    // Those of all incarnations before, too: whoever asked just before a restart is not left without.
    for (const id of ids) await bothCosign(both, id)
    const asked = await system.run('S3')
    expect(asked.status).toBe(200)
    // `until` gives up after ten seconds.
    await bothCosign(both, asked.headers['exchange-id'])
    ids.push(asked.headers['exchange-id'])
    last = (await served(both, asked.headers['exchange-id'])).body
    expect(statusOf(both)).toMatchObject({ require: 2, accepts: true })
    await system.stop()
    const chain = `TW/exchange/TW/GOV/GONGDAO/gateway-1/${n}`
    for (const { alarms, running } of witnesses.all) {
      expect(running?.memory.geneses.map((genesis) => genesis.chain)).toContain(chain)
      expect(alarms).toEqual([])
      // The last round of a stop: nothing is left that only the operator has seen.
      const seen = checkpointIn((await running?.memory.newest(chain)) ?? '')
      expect(seen.size).toBe(entriesOf(system.data, chain).length)
    }
  }
  const receipt = join(system.data, 'receipt.txt')
  writeFileSync(receipt, last)
  const { out } = await gongdao(
    'receipt',
    receipt,
    '--keys',
    keysFile(system.data),
    '--data',
    system.data,
  )
  expect(out).toMatch(/^good: signed, record shown, witnessed$/m)
  expect(out).toMatch(/^cosigned by audit\d\.example\/w1, audit\d\.example\/w1$/m)
  const policy = parseWitnessPolicy(readFileSync(witnessPolicyFile(system.data), 'utf8'))
  expect(policy.isMet(witnesses.all.map(({ name }) => name))).toBe(true)
  expect(policy.isMet([witnesses.all[0]!.name])).toBe(false)
}, 60_000)

test('a receipt is cosigned within ten seconds though of five witnesses one is silent, one slow and one lies', async () => {
  const both = await observed(2)
  const { system, witnesses } = both
  const bad = await badWitnesses(both)
  open.push(bad.close)
  const [first, second] = witnesses.all.map(({ url, vkey }) => ({
    key: vkey,
    url,
    ca: witnesses.ca,
  }))
  both.section = { require: 2, witnesses: [first!, second!, ...bad.all] }
  await system.start()
  let slowest = 0
  for (let count = 0; count < 3; count += 1) {
    const asked = await system.run('S3')
    const since = performance.now()
    await until(async () => {
      const { cosigned } = await receiptOf(both, asked.headers['exchange-id'])
      return cosigned.length >= 2
    }, 'two have cosigned')
    slowest = Math.max(slowest, performance.now() - since)
    // Whatever the others do, nobody waits for them.
    expect((await system.run('S3')).status).toBe(200)
  }
  expect(slowest).toBeLessThan(10_000)
  expect(statusOf(both).witnesses.map(({ state }) => state)).toEqual([
    ...['cosigning', 'cosigning', 'away', 'away', 'lying'],
  ])
  const stopping = performance.now()
  await system.stop()
  expect(performance.now() - stopping).toBeLessThan(10_000)
}, 60_000)

/** One that never answers, one that answers a byte at a time, and one that signs with a key of its own. */
async function badWitnesses({ system, witnesses }: Observed): Promise<{
  readonly all: Witnesses['witnesses'][number][]
  close(): Promise<void>
}> {
  const { cert, key } = system.world.identityOf('gateway', 'TW/GOV/GONGDAO/gateway-1')
  const issuing = readFileSync(join(system.data, 'certs', 'issuing.crt'), 'utf8')
  const started = await Promise.all(
    BAD.map(async (handler, at) => {
      const server = createServer({ cert: cert + issuing, key }, handler)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const url = new URL(`https://127.0.0.1:${String(port)}`)
      const vkey = cosignerVkey(cosignerOf(`bad${String(at)}.example`, Buffer.alloc(32, 50 + at)))
      return { server, witness: { key: vkey, url, ca: witnesses.ca } }
    }),
  )
  return {
    all: started.map(({ witness }) => witness),
    close() {
      for (const { server } of started) {
        server.closeAllConnections()
        server.close()
      }
      return Promise.resolve()
    },
  }
}

const BAD: readonly RequestListener[] = [
  () => undefined,
  (_request, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'), 100)
    response.on('close', () => {
      clearInterval(timer)
    })
  },
  (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = parseNote(
        Buffer.concat(chunks).toString().split('\n\n').slice(1).join('\n\n'),
      )?.text
      const own = cosignerOf('bad2.example', Buffer.alloc(32, 99))
      response.end(cosignatureLine(own, text ?? '', 5))
    })
  },
]

test('a chain records nothing before the witnesses have seen it opened', async () => {
  const both = await observed(2)
  const { system, witnesses } = both
  const [, second] = witnesses.all
  await second!.stop()
  let started = false
  const starting = system.start().then(() => (started = true))
  const told = (words: string): boolean => system.reports.some((each) => each.includes(words))
  await until(() => told('audit2.example/w1 is away'), 'it is told who is away')
  await until(() => told('waiting for 2 of 2 witnesses to cosign TW/registry'), 'it waits')
  expect([started, existsSync(join(system.data, 'ledger', 'exchange'))]).toEqual([false, false])
  await second!.start()
  await starting
  expect((await system.run('S3')).status).toBe(200)
}, 60_000)

test('while they are away exchanges go on and the status says so; what was missed is cosigned when they are back', async () => {
  const both = await observed(2)
  const { system, witnesses } = both
  await system.start()
  for (const witness of witnesses.all) await witness.stop()
  const asked = await system.run('S3')
  expect(asked.status).toBe(200)
  await until(() => statusOf(both).behindMs > 1000, 'it is behind')
  expect(statusOf(both)).toMatchObject({
    accepts: true,
    witnesses: [{ state: 'away' }, { state: 'away' }],
  })
  expect((await receiptOf(both, asked.headers['exchange-id'])).cosigned).toEqual([])
  for (const witness of witnesses.all) await witness.start()
  await bothCosign(both, asked.headers['exchange-id'])
  await until(() => statusOf(both).behindMs < 3000, 'it has caught up')
  expect(statusOf(both).witnesses.map(({ state }) => state)).toEqual(['cosigning', 'cosigning'])
}, 60_000)

test('where the configuration wants it, no exchange begins while they are away for too long', async () => {
  const both = await observed(2, { require: 1, whenAway: { refuseAfterMs: 1_500 } })
  const { system, witnesses } = both
  await system.start()
  const [first, second] = witnesses.all
  await first!.stop()
  await pause(1800)
  // One of two is enough here.
  expect((await system.run('S3')).status).toBe(200)
  await second!.stop()
  await until(async () => (await system.run('S3')).status === 503, 'it refuses')
  const refused = await system.run('S3')
  expect(refused.headers['x-road-error']).toBe('Server.Ledger.Unavailable')
  expect(system.gateway.core.refusal()?.message).toMatch(
    /^fewer than 1 witnesses have cosigned for \d+ seconds/,
  )
  await second!.start()
  await until(async () => (await system.run('S3')).status === 200, 'it goes on')
}, 60_000)

test('a ledger that was put back to an earlier state is told so, and records nothing: the witnesses remember', async () => {
  const both = await observed(2)
  const { system } = both
  await system.start()
  await system.run('S3')
  await system.stop()
  const backup = `${system.data}-backup`
  cpSync(join(system.data, 'ledger'), backup, { recursive: true })
  await system.start()
  await system.run('S3')
  await system.stop()
  rmSync(join(system.data, 'ledger'), { recursive: true })
  renameSync(backup, join(system.data, 'ledger'))
  // What this machine keeps to notice it by itself is put back as well.
  rmSync(join(system.data, 'keys', 'high-water.json'), { force: true })
  // Only the witnesses' going along would end this start; they never will.
  void system.start()
  const told = /^witness audit1.example\/w1 is contradicting: .*TW\/registry/
  await until(() => system.reports.some((each) => told.test(each)), 'it is told')
  for (const { alarms } of both.witnesses.all) {
    await until(() => alarms.length > 0, 'the witness has kept both notes')
    expect(alarms[0]).toMatch(
      /^TW\/registry was forked: its key signed two different trees of \d+ leaves\./,
    )
  }
  const second = 'ledger/exchange/TW%2FGOV%2FGONGDAO%2Fgateway-1/2'
  expect(existsSync(join(system.data, second))).toBe(false)
  open.shift()
  await system.departments.close()
  rmSync(system.data, { recursive: true })
}, 60_000)

test('what a crash, or a time without witnesses, left unseen is cosigned at the next start, and its receipts are answered for', async () => {
  const both = await observed(1)
  const { system, witnesses } = both
  const [witness] = witnesses.all
  const without = await startSystem({ start: false })
  open.push(() => without[Symbol.asyncDispose]())
  rmSync(without.data, { recursive: true })
  cpSync(system.data, without.data, { recursive: true })
  await without.start()
  const asked = await without.run('S3')
  await without.stop()
  rmSync(system.data, { recursive: true })
  cpSync(without.data, system.data, { recursive: true })
  await system.start()
  await complain(both, String(asked.headers['exchange-receipt']))
  await until(() => witness!.running?.memory.complaints[0]?.settled !== undefined, 'it is settled')
  expect(witness!.running?.memory.chains()).toContain('TW/exchange/TW/GOV/GONGDAO/gateway-1/1')
  expect(witness!.alarms).toEqual([])
}, 60_000)

test('a complaint about a receipt that nobody had published yet is answered by the gateway itself', async () => {
  const both = await observed(1)
  const { system, witnesses } = both
  await system.start()
  const asked = await system.run('S3')
  const [witness] = witnesses.all
  const filed = await complain(both, String(asked.headers['exchange-receipt']))
  expect(filed).toMatchObject({ number: 1, state: 'open' })
  await until(() => witness!.running?.memory.complaints[0]?.settled !== undefined, 'it is settled')
  // Leaf and proof are kept, nothing of whom the record speaks of.
  const kept = witness!.running?.memory.complaints[0]
  expect([kept?.proof, kept?.settled?.proof].join()).not.toMatch(/subject|extra .{300}/)
}, 60_000)

async function complain({ witnesses }: Observed, receipt: string): Promise<unknown> {
  const [{ url, vkey } = {}] = witnesses.all
  const ca = readFileSync(witnesses.ca, 'utf8')
  const client = makeWitnessClient({ vkey: vkey!, url: url!, ca })
  const reply = await client.post('complaints', receipt)
  client.close()
  if (reply.kind === 'away') throw new Error(reply.why)
  return JSON.parse(reply.body)
}
