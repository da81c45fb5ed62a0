/** Erasure in a whole running gateway: what is gone, what stays, and who may do it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createHmac, randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { knockAtDutyDoor } from '../../adapters/duty-socket/duty-socket.ts'
import { exportLedger } from '../../adapters/ledger-tiles/export-ledger.ts'
import { askDuties } from '../../deploy/duties/ask-duties.ts'
import { checkKeys } from '../../deploy/duties/check-duties.ts'
import { checkOrders } from '../harness/check-orders.ts'
import { Duties, type Saying } from '../../deploy/duties/duties.ts'
import { parseLockedFile, unlockContent } from '../../deploy/duties/locked-file.ts'
import { withHost } from '../../deploy/duties/offline.ts'
import { writeOfficers } from '../../deploy/duties/officers-file.ts'
import { writeCopies } from '../../deploy/duties/own-copy-files.ts'
import { openSource } from '../../deploy/open-source.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import type { CopyFor } from '../../gateway/erasure/erase.ts'
import type { Order } from '../../gateway/erasure/parts.ts'
import { verdictOf } from '../../gateway/erasure/verdict.ts'
import { checkReceipt } from '../../gateway/ledger/check-receipt.ts'
import type { Entry } from '../../gateway/ledger/entry.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { MemberId } from '../../policies/vocabulary.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { filesBelow, spellings } from '../harness/canary-search.ts'
import { audit, pinnedKeys, type Audit } from '../harness/audit.ts'
import { GATEWAY, headerOf, startSystem, type System } from '../harness/system.ts'
import {
  askAboutHer,
  askAboutOthers,
  filesWith,
  HER,
  rootAt,
  secretsIn,
  SYNTHETIC,
  validNumbers,
} from './about-her.ts'
import { enumerate } from './enumeration.ts'
import { appointOfficers, carryOut, OFFICERS, order } from './officers.ts'

const MEMBER = MemberId.parse('TW/GOV/A17000000J')
const ERASE_HER = { act: 'erase', numbers: [HER] } as const
let system: System

beforeEach(async () => {
  system = await startSystem()
  appointOfficers(system.data)
}, 120_000)
afterEach(() => system[Symbol.asyncDispose]())

/** Decisions by exchange. */
function decisions({ leaves }: Audit): ReadonlyMap<string, DecisionRecord> {
  return new Map(
    leaves
      .filter(({ kind }) => kind === 'intent' || kind === 'denial')
      .map(({ record }) => record as DecisionRecord)
      .map((record) => [record.exchange, record]),
  )
}

function open({ exchange, sealed, subject }: DecisionRecord): Uint8Array | undefined {
  return system.gateway.core.keys.open(subject, exchange, sealed)
}

test('her key dies, all roots stay, only her details are closed, and every decision is still made again the same way', async () => {
  const hers = await askAboutHer(system)
  const others = await askAboutOthers(system)
  const before = await audit(system.data)
  const { ledger, registry } = system.gateway.core
  const heads = [ledger.head(), registry.head()]
  const steps: string[] = []
  const outcome = await carryOut(system.data, ERASE_HER, { onStep: (step) => steps.push(step) })
  expect(outcome).toMatchObject({ kind: 'erased', persons: 1, pseudonyms: 2, exchanges: 2 })
  expect(steps).toEqual([
    ...['approved', 'suspended', 'replayed', 'handed-over', 'recorded', 'destroyed'],
  ])
  const after = await audit(system.data)
  expect(after.findings).toEqual([])
  expect(after.leaves.slice(0, before.leaves.length)).toEqual(before.leaves)
  for (const { origin, root, size } of heads) {
    expect(rootAt(system.data, origin, size)).toBe(root)
  }
  expect(after.replay).toEqual(before.replay)
  expect(after.replay.agree).toBe(4)
  const records = decisions(after)
  for (const id of hers) expect(open(records.get(id)!)).toBeUndefined()
  for (const id of others) expect(open(records.get(id)!)).toBeDefined()
})

test('each pseudonym has one leaf: ground, two officers, a verdict that anybody can make again, and no datum of hers', async () => {
  const hers = await askAboutHer(system)
  await carryOut(system.data, ERASE_HER)
  const { view } = readLedger(system.data)
  const records = decisions(await audit(system.data))
  const subjects = hers.map((id) => records.get(id)!.subject!)
  expect(new Set(view.duties.erasures().map(({ subject }) => subject))).toEqual(new Set(subjects))
  for (const [at, subject] of subjects.entries()) {
    const leaf = view.duties.erasureOf(GATEWAY, subject)!
    expect(leaf.statement).toMatchObject({ act: 'erase', basis: 'PDPA-3-5', instance: 'TW' })
    expect(leaf.approvals.map(({ officer }) => officer)).toEqual(['ERASE-1', 'ERASE-2'])
    expect(leaf.replay).toEqual(
      verdictOf([{ exchange: records.get(hers[at]!)!.exchange, finding: 'agree' }]),
    )
    expect(JSON.stringify(leaf)).not.toContain(HER)
  }
  expect(checkOrders(system.data, 'TW/registry')).toEqual([])
})

test('her own copy tells her every exchange, opened, and each receipt in it is good without us', async () => {
  const hers = await askAboutHer(system)
  const copies: CopyFor[] = []
  await carryOut(system.data, ERASE_HER, { onCopies: (all) => copies.push(...all) })
  expect(copies.map(({ person }) => person)).toEqual([1])
  const leaves = copies[0]!.copy.pseudonyms.flatMap((one) => one.leaves)
  expect(leaves.filter(({ kind }) => kind === 'intent').map(({ exchange }) => exchange)).toEqual(
    expect.arrayContaining([...hers]),
  )
  expect(leaves.filter(({ kind }) => kind === 'outcome')).toHaveLength(2)
  for (const { kind, opened, receipt } of leaves) {
    const base64 = Buffer.from(receipt).toString('base64')
    expect(checkReceipt(base64, { keys: pinnedKeys(system.data) })).toMatchObject({ kind: 'good' })
    if (kind !== 'outcome') expect(opened).toMatchObject({ seed: expect.any(String) })
  }
  expect(leaves.some(({ opened }) => JSON.stringify({ opened }).includes('DEMO-0001'))).toBe(true)
})

test('with everything that the operator holds and tries, nobody finds her once the backups from before have expired', async () => {
  const hers = await askAboutHer(system)
  const others = await askAboutOthers(system)
  const candidates = [...SYNTHETIC, ...validNumbers(10_000)]
  expect(candidates.length).toBeGreaterThanOrEqual(10_011)
  const outside = mkdtempSync(join(tmpdir(), 'gongdao-outside-'))
  const [backup, written] = [join(outside, 'keys.backup'), join(outside, 'copies')]
  const records = decisions(await audit(system.data))
  const decided = [...hers, ...others].map((id) => records.get(id)!)
  const [passphrase, days] = ['correct horse battery', 1]
  const backedUp = await askDuties(system.data, { ask: 'backup', days, passphrase })
  writeFileSync(backup, backedUp.kind === 'backed-up' ? backedUp.file : '')
  await system.stop()
  // The search has teeth: before the erasure it finds everybody, and everything of theirs.
  const folders = [system.data, outside]
  const before = enumerate(folders, candidates.slice(0, 100), decided)
  expect([...before.numbers].sort()).toEqual([HER, 'A300000014', 'F300000037'].sort())
  expect(before.exchanges).toEqual([...hers, ...others])
  const persons = secretsIn(system.data).get('persons')!
  const [index] = secretsIn(system.data).get('secrets')!
  const handle = createHmac('sha256', index!).update(HER).digest()

  await system.start()
  const onCopies = (all: readonly CopyFor[]): void => {
    writeCopies(written, all, '')
  }
  await carryOut(system.data, ERASE_HER, { onCopies })
  await system.run('S3')
  await carryOut(system.data, ERASE_HER, { onCopies })
  // Into the same folder, and the first is still there: it is her only one.
  expect(readdirSync(written).sort()).toEqual(['own-copy-1-2.json', 'own-copy-1.json'])
  await system.stop()
  const keys = pinnedKeys(system.data)
  const { source } = await openSource({ data: system.data }, keys)
  await exportLedger({ source, keys, to: join(outside, 'tiles') })
  writeFileSync(join(outside, 'log'), system.reports.join('\n'))

  expect(enumerate(folders, candidates, decided)).toEqual({
    numbers: ['A300000014', 'F300000037'],
    exchanges: others,
  })
  // The bytes themselves: free pages, slack, journals, tiles, copies and all.
  const left = secretsIn(system.data).get('persons')!
  const gone = persons.filter((key) => !left.some((one) => one.equals(key)))
  expect(gone).toHaveLength(1)
  for (const trace of [...gone, handle]) {
    expect(folders.flatMap((folder) => filesWith(folder, trace))).toEqual([])
  }
  const database = readdirSync(join(system.data, 'keys')).filter((name) => name.includes('sqlite'))
  expect(database.sort()).toEqual(['keys.sqlite', 'keys.sqlite-journal'])
  expect(statSync(join(system.data, 'keys', 'keys.sqlite-journal')).size).toBe(0)

  // A backup from before has her until it expires; then passphrase, file and every other key open nothing.
  const locked = parseLockedFile(readFileSync(backup, 'utf8'))
  const [id] = readdirSync(join(system.data, 'keys', 'backups'))
  const kept = JSON.parse(readFileSync(join(system.data, 'keys', 'backups', id!), 'utf8')) as {
    readonly key: string
  }
  const secret = Buffer.from(kept.key, 'base64url')
  expect(unlockContent(locked, { passphrase, secret }).includes(gone[0]!)).toBe(true)
  system.clockAheadMs = days * 86_400_000
  await system.start()
  await system.stop()
  for (const one of folders) expect(filesWith(one, secret)).toEqual([])
  for (const other of [undefined, index!, ...left]) {
    const locks = { passphrase, ...(other && { secret: other }) }
    expect(() => unlockContent(locked, locks)).toThrow('does not open')
  }
  rmSync(outside, { recursive: true })
}, 120_000)

test('an erasure that breaks off between two leaves goes on nowhere else, and whoever hands an order in next finishes it', async () => {
  await askAboutHer(system)
  await system.stop()
  const once = order(ERASE_HER)
  await withHost(system.data, async (host) => {
    const { chain } = host.registry
    let left = 1
    const breaking = Object.assign(Object.create(chain) as typeof chain, {
      head: () => chain.head(),
      append: (entry: Entry) => {
        const isLost = entry.kind === 'erasure' && left-- < 1
        return isLost ? Promise.reject(new Error('the line is cut')) : chain.append(entry)
      },
    })
    const duties = new Duties({ ...host, registry: { ...host.registry, chain: breaking } })
    expect(await said(duties, once)).toMatchObject({ say: 'fault', name: 'ErasureUnfinished' })
    const scope = { consumer: MEMBER, provider: MEMBER, year: 2026 }
    expect(() => host.keys.person(HER, scope)).toThrow('destroyed')
    left = 9
    expect(await said(duties, order({ act: 'erase', numbers: ['A300000014'] }))).toMatchObject({
      outcome: { code: 'nobody-known' },
    })
    expect(host.keys.find(HER)).toBeUndefined()
    expect(await said(duties, once)).toMatchObject({ outcome: { code: 'served' } })
  })
  expect(readLedger(system.data).view.duties.erasures()).toHaveLength(2)
  expect(checkOrders(system.data, 'TW/registry')).toEqual([])
  expect((await checkKeys(system.data)).counts).toMatchObject({ erased: 2, undestroyed: 0 })
})

/** The last word of an order that is handed in by somebody who keeps every copy. */
async function said(duties: Duties, handedIn: Order): Promise<Saying | undefined> {
  const heard: Saying[] = []
  const asked: unknown[] = [{ ask: 'order', order: handedIn }, { answer: 'kept' }]
  await duties.talk({
    send: (message) => heard.push(message as Saying),
    receive: () => Promise.resolve(asked.shift()),
    close: () => undefined,
  })
  return heard.at(-1)
}

test('officers who are removed at the registrar are off the record within a minute', async () => {
  await system.stop()
  await withHost(system.data, async (host) => {
    writeOfficers(system.data, OFFICERS.slice(1))
    await new Duties(host).keepUp()
  })
  const list = readLedger(system.data).view.duties.newestOfficers()?.record.officers
  expect(list).toEqual(OFFICERS.slice(1))
})

test('an exchange about her afterwards is one about somebody new', async () => {
  const [before = ''] = await askAboutHer(system)
  await carryOut(system.data, ERASE_HER)
  const after = headerOf(await system.run('S3'), 'exchange-id')
  const records = decisions(await audit(system.data))
  expect(records.get(after)!.subject).not.toBe(records.get(before)!.subject)
  expect(open(records.get(after)!)).toBeDefined()
  const { counts, findings } = await checkKeys(system.data)
  expect(findings).toEqual([])
  expect(counts).toEqual({ readable: 1, erased: 2, lost: 0, undestroyed: 0 })
})

test('while her key is being destroyed her exchanges are refused with 503 and others pass; whoever does not keep the copies changes nothing', async () => {
  const hers = await askAboutHer(system)
  const door = (await knockAtDutyDoor(system.data))!
  door.send({ ask: 'order', order: order(ERASE_HER) })
  for (;;) {
    const said = (await door.receive()) as Saying
    if (said.say === 'copies') break
  }
  expect((await system.run('S3')).status).toBe(503)
  expect((await system.run('household')).status).toBe(200)
  // Nor does a gateway that stops wait for whoever does not answer.
  await system.stop()
  expect(await door.receive()).toMatchObject({ say: 'fault', name: 'ConversationOver' })
  await system.start()
  const later = async (): Promise<number> => {
    const { status } = await system.run('S3')
    return status === 503 ? later() : status
  }
  expect(await later()).toBe(200)
  const records = decisions(await audit(system.data))
  for (const id of hers) expect(open(records.get(id)!)).toBeDefined()
  expect(readLedger(system.data).view.duties.erasures()).toEqual([])
})

test('several people in one order are erased together, each with a copy of her own', async () => {
  await askAboutHer(system)
  await askAboutOthers(system)
  const copies: CopyFor[] = []
  const numbers = ['A300000014', 'H300000048', HER]
  const outcome = await carryOut(
    system.data,
    { act: 'erase', numbers },
    { onCopies: (all) => copies.push(...all) },
  )
  // The second of them was never asked about.
  expect(outcome).toMatchObject({ kind: 'erased', persons: 2, unknown: 1, pseudonyms: 3 })
  expect(copies.map(({ person }) => person).sort()).toEqual([1, 3])
  const told = copies.map(({ copy }) => copy.pseudonyms.map(({ subject }) => subject))
  expect(told.flat()).toHaveLength(3)
  expect(told.map((own) => own.length).sort()).toEqual([1, 2])
})

test('a legal hold on her or on one of her exchanges forbids it, until two officers release it', async () => {
  const [exchange = ''] = await askAboutHer(system)
  const holds = [
    await carryOut(system.data, { act: 'hold', numbers: [HER] }),
    await carryOut(system.data, { act: 'hold', exchange: exchange as never }),
  ]
  for (const held of holds) {
    if (held.kind !== 'held') throw new Error(JSON.stringify(held))
    const refused = await carryOut(system.data, ERASE_HER)
    expect(refused).toMatchObject({ kind: 'refused', code: 'held' })
    expect(JSON.stringify(refused)).toContain(held.id)
    const other = await carryOut(system.data, { act: 'erase', numbers: ['A300000014'] })
    expect(other).toMatchObject({ kind: 'refused', code: 'nobody-known' })
    // Whoever writes the registry ends no hold alone, and sets none.
    const alone = { ...readLedger(system.data).view.duties.holds.get(`${GATEWAY} ${held.id}`)! }
    const ended = { act: 'release', basis: 'ENDED', hold: held.id, id: randomUUID() }
    await forge('release', { ...alone, statement: { ...alone.statement, ...ended } })
    expect(await carryOut(system.data, ERASE_HER)).toMatchObject({ code: 'held' })
    const released = await carryOut(system.data, { act: 'release', hold: held.id })
    expect(released).toEqual({ kind: 'released', id: held.id })
    const again = await carryOut(system.data, { act: 'release', hold: held.id })
    expect(again).toMatchObject({ kind: 'refused', code: 'hold-unknown' })
  }
  const [alone] = readLedger(system.data).view.duties.holds.values()
  await forge('hold', { ...alone, statement: { ...alone!.statement, id: randomUUID() } })
  expect(await carryOut(system.data, ERASE_HER)).toMatchObject({ kind: 'erased' })
  const wrong = checkOrders(system.data, 'TW/registry')
  expect(wrong.map(({ sentence }) => sentence.includes('signature'))).toEqual([true, true, true])
})

/** As the registrar could: a leaf that nobody ordered, and that its own process has folded. */
async function forge(kind: 'hold' | 'release', record: object): Promise<void> {
  await system.gateway.core.registry.append({ kind, record: canonicalJson(record) })
  await system.stop()
  await system.start()
}

test('a refused order changes nothing: not the keys, not the chains but for the officers’ list', async () => {
  const [exchange = ''] = await askAboutHer(system)
  const good = order(ERASE_HER)
  const other = order({ act: 'erase', numbers: ['A300000014'] })
  const refused = [
    [{ ...good, matter: other.matter }, 'persons-differ'],
    [{ ...good, matter: { ...good.matter!, numbers: [HER, 'A300000014'] } }, 'persons-differ'],
    [{ ...good, matter: undefined }, 'persons-differ'],
    [{ ...good, approvals: good.approvals.slice(0, 1) }, 'approvals-missing'],
    [{ ...good, approvals: [good.approvals[0]!, good.approvals[0]!] }, 'same-person'],
    [other, 'nobody-known'],
  ] as const
  for (const [one, code] of refused) {
    expect(
      await carryOut(system.data, JSON.parse(JSON.stringify(one)) as typeof good),
    ).toMatchObject({ code })
  }
  expect(open(decisions(await audit(system.data)).get(exchange)!)).toBeDefined()
  expect(readLedger(system.data).view.duties.erasures()).toEqual([])
})

test('an order serves once: handed in again it does not erase whoever she is by then', async () => {
  await askAboutHer(system)
  const once = order(ERASE_HER)
  expect(await carryOut(system.data, once)).toMatchObject({ kind: 'erased' })
  await askAboutHer(system)
  expect(await carryOut(system.data, once)).toMatchObject({ kind: 'refused', code: 'served' })
  expect(await carryOut(system.data, ERASE_HER)).toMatchObject({ kind: 'erased', pseudonyms: 2 })
})

test('opening what is sealed takes an auditor and a data-protection officer, and is a leaf before anything is shown', async () => {
  const [, exchange = ''] = await askAboutHer(system)
  const what = { act: 'open', exchange: exchange as never } as const
  const opened = await carryOut(system.data, what)
  expect(opened).toMatchObject({
    kind: 'opened',
    why: 'readable',
    details: { case: '北市DEMO-0001' },
  })
  const [served] = [...readLedger(system.data).view.duties.served]
  expect(served).toBeDefined()
  const unknown = {
    act: 'open',
    exchange: '018f7a4e-0000-4000-8000-000000000001' as never,
  } as const
  expect(await carryOut(system.data, unknown)).toMatchObject({ code: 'exchange-unknown' })
  await carryOut(system.data, ERASE_HER)
  expect(await carryOut(system.data, what)).toEqual({ kind: 'opened', why: 'erased' })
  expect(checkOrders(system.data, 'TW/registry')).toEqual([])
})

test('the door is for the owner of the data folder only, and is gone with the gateway; without one the order is carried out here', async () => {
  await askAboutHer(system)
  const socket = join(system.data, 'duties.sock')
  expect(statSync(socket).mode & 0o777).toBe(0o600)
  await system.stop()
  expect(existsSync(socket)).toBe(false)
  expect(await carryOut(system.data, ERASE_HER)).toMatchObject({ kind: 'erased', pseudonyms: 2 })
  await system.start()
  expect((await audit(system.data)).findings).toEqual([])
  expect((await checkKeys(system.data)).counts).toMatchObject({
    erased: 2,
    lost: 0,
    undestroyed: 0,
  })
})

test('what comes through the door and is no order is refused, and the door stays open', async () => {
  for (const nonsense of [{}, [], 'A000000018', { ask: 'order' }, { ask: 'everything' }]) {
    const door = (await knockAtDutyDoor(system.data))!
    door.send(nonsense as object)
    expect(await door.receive()).toMatchObject({ say: 'fault', name: 'OrderMalformed' })
    door.close()
  }
  const silent = (await knockAtDutyDoor(system.data))!
  await system.stop()
  expect(await silent.receive()).toMatchObject({ say: 'fault', name: 'ConversationOver' })
  await expect(silent.receive()).rejects.toThrow('gone')
})

test('where a chain can’t be read whole nobody is erased: what stands behind the damage would be in nobody’s hands', async () => {
  const [exchange = ''] = await askAboutHer(system)
  const records = decisions(await audit(system.data))
  const { origin } = system.gateway.core.ledger
  const folder = chainFolder(system.data, origin)
  const refuses = async (): Promise<void> => {
    await expect(carryOut(system.data, ERASE_HER)).rejects.toThrow("can't be read to its end")
  }
  const segment = join(folder, '00000001.seg')
  flipByte(segment, exchange)
  // This process knows how far its own chain has come, though no other does.
  await refuses()
  flipByte(segment, exchange)
  await system.stop()
  // Closes the chain in the registry, with its size.
  await system.start()
  await system.stop()
  flipByte(segment, exchange)
  await refuses()
  flipByte(segment, exchange)
  renameSync(folder, `${folder}-away`)
  await refuses()
  renameSync(`${folder}-away`, folder)
  await system.start()
  expect(open(records.get(exchange)!)).toBeDefined()
  expect(readLedger(system.data).view.duties.erasures()).toEqual([])
})

/** One byte of a text's first place, and back again. */
function flipByte(file: string, text: string): void {
  const at = readFileSync(file, 'latin1').search(text.slice(1))
  const opened = openSync(file, 'r+')
  const byte = Buffer.alloc(1)
  readSync(opened, byte, 0, 1, at - 1)
  writeSync(
    opened,
    byte.map((value) => value ^ 1),
    0,
    1,
    at - 1,
  )
  closeSync(opened)
}

test('the officers whom the registrar lists are on record at the next start, and no national number is anywhere', async () => {
  await system.stop()
  await system.start()
  const list = readLedger(system.data).view.duties.newestOfficers()?.record.officers
  expect(list).toEqual(OFFICERS)
  await askAboutHer(system)
  await carryOut(system.data, { act: 'hold', numbers: ['A300000014'] })
  await carryOut(system.data, ERASE_HER)
  await system.stop()
  const traces = [...spellings(HER), ...spellings('A300000014')]
  for (const file of filesBelow(system.data)) {
    const content = readFileSync(file)
    const found = traces.filter(([, bytes]) => content.includes(bytes)).map(([how]) => how)
    expect([file, found]).toEqual([file, []])
  }
})
