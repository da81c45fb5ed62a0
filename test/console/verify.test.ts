/** What verify finds with the help of others: pins, receipts, notes, published checkpoints; and what it does on many threads. */
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { journalSource } from '../../adapters/ledger-journal/chain-source.ts'
import { verifyData } from '../../adapters/ledger-journal/verify-data.ts'
import { examiningThreads } from '../../adapters/verify-threads/examining-threads.ts'
import { parsePins, pinsText } from '../../gateway/console/pins.ts'
import type { Evidence } from '../../gateway/console/evidence.ts'
import { verify, type Verified, type VerifyParts } from '../../gateway/console/verify.ts'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { digestOf, leafHashOf } from '../../gateway/ledger/hash.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { KnownOfChain } from '../../gateway/ledger/known-heads.ts'
import { FINDING_WORDS } from '../../gateway/ledger/finding-words.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { testSigner } from '../harness/memory-ledger.ts'
import type { ChainSource } from '../../gateway/ports/chain-source.ts'
import { decisionEntry, outcomeEntry } from '../harness/records.ts'
import { lanesOf, sourceOfLanes } from '../harness/tamper/messages.ts'
import { CLOSED, INSTANCE, RUNNING, judge, tamperLedger, write } from '../harness/tamper/ledger.ts'
import type { TamperLedger } from '../harness/tamper/ledger.ts'
import { KEYS, REGISTRY, THEN, exchange, gateway, openOn, put } from '../harness/small-ledger.ts'

const NOW = THEN + 1e6
const folder = mkdtempSync(join(tmpdir(), 'gongdao-verify-'))
let ledger: TamperLedger

beforeAll(async () => {
  ledger = await tamperLedger()
})

afterAll(() => {
  ledger.remove()
  rmSync(folder, { recursive: true })
})

function copy(): string {
  const data = mkdtempSync(join(folder, 'data-'))
  cpSync(ledger.data, data, { recursive: true })
  return data
}

/** As the running gateway would, after a restart of this test's choosing. */
async function grow(data: string): Promise<void> {
  const { chain } = await openOn(data, RUNNING)
  await exchange(chain, 900)
  await chain.close()
}

function told(findings: readonly Finding[]): unknown[] {
  return findings.map(({ chain, first, kind, last }) => [chain, kind, first, last])
}

function deadlineOf({ pins }: Verified, index: number): number {
  const found = pins.chains.get(RUNNING)?.open.find((intent) => intent.index === index)
  if (found === undefined) throw new Error('it is not open')
  return found.deadline
}

/** Notes of the chain as its own segments hold them. */
function notesOf(origin: string): string[] {
  const text = readFileSync(join(chainFolder(ledger.data, origin), '00000001.seg')).toString('utf8')
  const form = new RegExp(`${origin}\\n[0-9]+\\n[^\\n]+\\n\\n\u2014 [^\\n]+\\n`, 'g')
  return text.match(form) ?? []
}

describe('a pin', () => {
  test('survives its own text, and another text is refused', () => {
    expect(pinsText(parsePins(pinsText(ledger.pins)))).toBe(pinsText(ledger.pins))
    const other = pinsText(ledger.pins).replace(/"root": "./, '"root": "_')
    expect(() => parsePins(other)).toThrow('the pin is not a file')
    expect(() => parsePins('[]')).toThrow('the pin is not a file')
    const later = pinsText(ledger.pins).replace('"v": 1', '"v": 2')
    expect(() => parsePins(later)).toThrow('the pin is not a file')
  })

  test('spares what was read before, and carries open intents on', async () => {
    const data = copy()
    const { chain } = await openOn(data, RUNNING)
    const { index } = await chain.append(decisionEntry(901, THEN + 100, 'permit'))
    const first = await verifyData({ data, keys: KEYS, now: THEN, since: ledger.pins })
    expect([first.findings, first.counts.intents, first.counts.open]).toEqual([[], 1, 1])
    await chain.append(outcomeEntry({ number: 901, at: THEN + 105, intent: index }))
    await chain.close()
    const kept = parsePins(pinsText(first.pins))
    const second = await verifyData({ data, keys: KEYS, now: NOW, since: kept })
    expect([second.findings, second.counts.outcomes, second.counts.intents]).toEqual([[], 1, 0])
    // Nothing of it rests on the leaves before.
    expect(second.counts.leaves).toBeLessThan(10)
  })

  test('misses an outcome where its gateway has recorded on for half a minute behind the deadline, by no other clock', async () => {
    const data = copy()
    const { chain } = await openOn(data, RUNNING)
    const { index } = await chain.append(decisionEntry(902, THEN + 100, 'permit'))
    const deadline = deadlineOf(await verifyData({ data, keys: KEYS, now: THEN }), index)
    const at = async (now: number): Promise<unknown> => {
      const { counts, findings } = await verifyData({ data, keys: KEYS, now, since: ledger.pins })
      return [counts.open, told(findings)]
    }
    const much = deadline + 86_400_000
    const missing = [[RUNNING, 'outcome-missing', index, index]]
    expect(await at(much)).toEqual([1, []])
    await exchange(chain, 903, deadline + 30_000 - 5)
    expect(await at(much)).toEqual([1, []])
    await exchange(chain, 904, deadline + 30_001 - 5)
    expect(await at(much)).toEqual([0, missing])
    expect(await at(deadline + 30_000)).toEqual([1, []])
    await chain.close()
  })

  test('convicts a history that was signed anew before it, grown or not', async () => {
    const data = mkdtempSync(join(folder, 'anew-'))
    await write(data, { changed: 510 })
    const still = await verifyData({ data, keys: KEYS, now: NOW, since: ledger.pins })
    expect(told(still.findings)).toEqual([[RUNNING, 'history-rewritten', 69, 69]])
    await grow(data)
    const grown = await verifyData({ data, keys: KEYS, now: NOW, since: ledger.pins })
    expect(grown.findings).toMatchObject([{ chain: RUNNING, kind: 'history-rewritten' }])
    const whole = await judge(journalSource({ data, instance: INSTANCE }))
    expect(whole.findings).toEqual([])
  })

  test('convicts a ledger that was rolled back', async () => {
    const data = mkdtempSync(join(folder, 'back-'))
    await write(data, { rounds: 2 })
    const { findings } = await verifyData({ data, keys: KEYS, now: NOW, since: ledger.pins })
    expect(told(findings)).toEqual([[RUNNING, 'chain-truncated', 36, 69]])
  })
})

describe('what others hold', () => {
  async function against(data: string, evidence: Evidence): Promise<unknown[]> {
    return told((await verifyData({ data, keys: KEYS, now: NOW, evidence })).findings)
  }

  test('agrees with an honest ledger', async () => {
    const notes = [CLOSED, RUNNING].flatMap(notesOf).map((text) => ({ name: 'n', text }))
    expect(notes.length).toBeGreaterThan(40)
    const published = notes.map(({ text }) => text)
    expect(await against(ledger.data, { ...ledger.evidence, notes, published })).toEqual([])
  })

  test('says how much there is to verify: what is known of each chain, less what an earlier verification came to', async () => {
    const [registry, closed, running] = [REGISTRY, CLOSED, RUNNING].map(notesOf)
    const published = [...registry!, ...closed!, ...running!]
    const sizes = [registry, closed, running].map((notes) => Number(notes!.at(-1)!.split('\n')[1]))
    const seen: number[] = []
    const onProgress: VerifyParts['onProgress'] = (_, expected) => {
      seen.push(expected)
    }
    const parts = { data: ledger.data, keys: KEYS, now: NOW, evidence: { published }, onProgress }
    const { pins } = await verifyData(parts)
    expect(seen.at(-1)).toBe(sizes[0]! + sizes[1]! + sizes[2]!)
    await verifyData({ ...parts, since: pins })
    // Of the registry every leaf is read each time.
    expect(seen.at(-1)).toBe(pins.chains.get(REGISTRY)!.state.edge.size)
  })

  test('one receipt names chain and leaf of a history that was signed anew', async () => {
    const data = mkdtempSync(join(folder, 'anew-'))
    await write(data, { changed: 500 })
    const receipts = ledger.evidence.receipts!.filter(({ name }) => name === 'receipt 36')
    expect(await against(data, { receipts })).toEqual([[RUNNING, 'history-rewritten', 2, 2]])
  })

  test('of what an earlier verification spared: a note of a smaller tree convicts beside a pin as well', async () => {
    const [pin, notes] = [ledger.pins.chains.get(RUNNING)!, notesOf(RUNNING)]
    const other = checkpointWriter(RUNNING, gateway)(5, leafHashOf('other'))
    const since = { data: ledger.data, keys: KEYS, now: NOW, since: ledger.pins }
    const against = async (text: string): Promise<unknown[]> => {
      const verified = await verifyData({ ...since, evidence: { notes: [{ name: 'w', text }] } })
      return told(verified.findings)
    }
    expect(pin.state.edge.size).toBeGreaterThan(5)
    expect(await against(notes[0]!)).toEqual([])
    expect(await against(other)).toEqual([[RUNNING, 'history-rewritten', 0, 4]])
  })

  test('one note names the range, and so does a published checkpoint', async () => {
    const data = mkdtempSync(join(folder, 'anew-'))
    await write(data, { changed: 510 })
    const [, , third, , fifth] = notesOf(RUNNING)
    const range = [[RUNNING, 'history-rewritten', 0, expect.any(Number)]]
    expect(await against(data, { notes: [{ name: 'w', text: fifth! }] })).toEqual(range)
    expect(await against(data, { published: [fifth!] })).toEqual(range)
    // Before the change nothing differs; between two that are known lies what was changed.
    const both = await against(data, { published: [third!, fifth!] })
    expect(both).toMatchObject([
      [RUNNING, 'history-rewritten', expect.any(Number), expect.any(Number)],
    ])
  })

  test('a receipt of a chain that the registry never opened names it', async () => {
    const data = mkdtempSync(join(folder, 'hidden-'))
    const { chain } = await openOn(data, REGISTRY)
    await put(chain, 'instance', JSON.parse(instanceRecord()) as never)
    await chain.close()
    const receipts = ledger.evidence.receipts!.slice(0, 1)
    expect(await against(data, { receipts })).toEqual([[CLOSED, 'chain-in-secret', 2, 2]])
  })

  test('two signed trees of one size are a fork, whatever the ledger says', async () => {
    const data = mkdtempSync(join(folder, 'fork-'))
    await write(data, { changed: 500 })
    const other = readFileSync(join(chainFolder(data, RUNNING), '00000001.seg')).toString('utf8')
    const note = /[^\0\n]*\n[0-9]+\n[^\n]+\n\n\u2014 [^\n]+\n/.exec(
      other.slice(other.lastIndexOf(`${RUNNING}\n`)),
    )
    const notes = [
      { name: 'a', text: notesOf(RUNNING).at(-1)! },
      { name: 'b', text: note![0] },
    ]
    const fork = [RUNNING, 'fork', 0, 69]
    expect(await against(ledger.data, { notes })).toContainEqual(fork)
    // What nobody signed stands in front of neither.
    const [one = '', another = ''] = notes.map(({ text }) => text)
    const decoy = one.replace(/\n70\n[^\n]{4}/, '\n70\nAAAA')
    expect(await against(ledger.data, { published: [decoy, one, another] })).toContainEqual(fork)
  })

  test('what is signed by nobody we know proves nothing', async () => {
    const [note] = notesOf(CLOSED)
    const evidence = {
      receipts: [{ name: 'r', text: 'hello' }],
      notes: [
        { name: 'n', text: note!.replace(/\n[0-9]+\n/, '\n9\n') },
        { name: 'm', text: 'x' },
      ],
      published: [undefined],
    }
    const kinds = (await against(ledger.data, evidence)).map((each) => (each as string[])[1])
    expect(kinds).toEqual(Array.from({ length: 4 }, () => 'evidence-wrong'))
  })

  test('a published checkpoint without a good signature convicts nobody', async () => {
    const forged = notesOf(RUNNING)
      .at(-1)!
      .replace(/\n70\n/, '\n71\n')
    expect(await against(ledger.data, { published: [forged] })).toEqual([])
  })

  test('a head for each second of two days is looked up, not searched', () => {
    const known = new KnownOfChain(RUNNING)
    const head = { origin: RUNNING, root: leafHashOf('x'), by: 'a published checkpoint' }
    for (let size = 1; size <= 172_800; size += 1) known.addHead({ ...head, size })
    const found = Array.from({ length: 172_800 }, (_, index) =>
      known.compare(index, head.root, () => head.root),
    )
    expect([...found.filter((each) => each !== undefined), ...known.forks()]).toEqual([])
    expect(known.beyond(172_800)).toBeUndefined()
    expect(known.beyond(172_799)).toMatchObject({ kind: 'chain-truncated', first: 172_799 })
  }, 20_000)
})

function instanceRecord(): string {
  const text = readFileSync(join(chainFolder(ledger.data, REGISTRY), '00000001.seg')).toString(
    'latin1',
  )
  return /\{"at":[0-9]+,"ca":.*?"v":1\}/.exec(text)![0]
}

describe('torn tails that were cut off', () => {
  const torn = Buffer.from('torn')
  const name = `cut-${digestOf(torn)}-${torn.length}.bin`

  async function cutKinds(data: string): Promise<string[]> {
    const { findings } = await verifyData({ data, keys: KEYS, now: NOW })
    return findings.map(({ kind }) => kind)
  }

  test('are kept as a leaf names them, and no others are', async () => {
    const data = copy()
    const file = join(chainFolder(data, REGISTRY), name)
    writeFileSync(file, torn)
    expect(await cutKinds(data)).toEqual(['cut-unrecorded'])
    const { chain } = await openOn(data, REGISTRY)
    await put(chain, 'cut', { at: THEN + 9000, bytes: torn.length, hash: digestOf(torn), v: 1 })
    await chain.close()
    expect(await cutKinds(data)).toEqual([])
    writeFileSync(file, 'tarn')
    expect(await cutKinds(data)).toEqual(['cut-wrong'])
    renameSync(file, `${file}.away`)
    expect(await cutKinds(data)).toEqual(['cut-missing'])
  })

  test('are looked for where their chain is, not beside a registry that several gateways share', async () => {
    const data = copy()
    const { chain } = await openOn(data, REGISTRY)
    const gateway = 'T/GOV/A300000014/gw2'
    const elsewhere = `T/exchange/${gateway}/1`
    const key = vkeyText(elsewhere, testSigner(3).publicKey)
    await put(chain, 'genesis', { at: THEN + 9000, chain: elsewhere, gateway, key, n: 1, v: 1 })
    const cut = { bytes: torn.length, hash: digestOf(torn) }
    const end = { cut, root: digestOf(torn), sealed: false, size: 1 }
    await put(chain, 'closure', { at: THEN + 9001, chain: elsewhere, ...end, v: 1 })
    await chain.close()
    expect(await cutKinds(data)).toEqual([])
  })
})

describe('the end of a chain', () => {
  /** As if the last commit of the chain had been written without its checkpoint. */
  function withoutLastCheckpoint(of: string): ChainSource {
    const source = journalSource({ data: ledger.data, instance: INSTANCE })
    return {
      ...source,
      async *read(origin, how) {
        for await (const { bytes, parts } of source.read(origin, how)) {
          const last = parts.at(-1)
          if (origin !== of || last?.type !== 'batch') yield { bytes, parts }
          else {
            const note = bytes.subarray(last.start, last.end).lastIndexOf(`${of}\n`)
            const leaves = { ...last, type: 'leaves', end: last.start + note } as const
            yield { bytes, parts: [...parts.slice(0, -1), leaves] }
          }
        }
      },
    }
  }

  test('has a checkpoint where the chain is over; where it runs, the next one may still come', async () => {
    const closed = await judge(withoutLastCheckpoint(CLOSED))
    expect(told(closed.findings)).toContainEqual([
      ...[CLOSED, 'checkpoint-missing'],
      ...[expect.any(Number), expect.any(Number)],
    ])
    expect((await judge(withoutLastCheckpoint(RUNNING))).findings).toEqual([])
  })

  test('is read again from the leaf before a pin on, from a source that hands over no more than it must', async () => {
    const source = journalSource({ data: ledger.data, instance: INSTANCE })
    const frugal: ChainSource = {
      ...source,
      async *read(origin, how) {
        for await (const { bytes, parts } of source.read(origin, how)) {
          const due = parts.filter(
            (part) => part.type === 'damage' || part.first + part.count > how.from,
          )
          yield { bytes, parts: due }
        }
      },
    }
    const keys = parsePinnedKeys(KEYS)
    const { examine } = examiningThreads(1)
    const parts = { source: frugal, keys, now: NOW, examine, since: ledger.pins }
    const { counts, findings } = await verify(parts)
    expect(findings).toEqual([])
    expect(counts.leaves).toBeLessThan(30)
  })
})

describe('any number of threads, and every carrier,', () => {
  test('come to the same findings and counts', async () => {
    const data = copy()
    const segment = join(
      chainFolder(data, CLOSED),
      readdirSync(chainFolder(data, CLOSED))
        .filter((each) => each.endsWith('.seg'))
        .at(-1)!,
    )
    const bytes = readFileSync(segment)
    const at = bytes.indexOf('"outcome":"released"', 60_000)
    bytes[at + 12] = bytes[at + 12]! ^ 1
    writeFileSync(segment, bytes)
    const alone = await verifyData({ data, keys: KEYS, now: NOW })
    expect(alone.findings).toMatchObject([{ chain: CLOSED, kind: 'frame-damaged' }])
    const keys = parsePinnedKeys(KEYS)
    // No chunk on this thread: with so small a ledger none would leave it.
    const threads = examiningThreads(2, 0)
    try {
      const source = journalSource({ data, instance: INSTANCE })
      const { examine, width } = threads
      const together = await verify({ source, keys, now: NOW, examine, width })
      expect(together.findings).toEqual(alone.findings)
      expect(together.counts).toEqual(alone.counts)
    } finally {
      await threads.close()
    }
  })

  test('a thread that fails ends the verification with its fault', async () => {
    const threads = examiningThreads(2, 0)
    const source = journalSource({ data: ledger.data, instance: INSTANCE })
    const broken = {
      ...source,
      *read() {
        yield { bytes: Buffer.from(new ArrayBuffer(4)), parts: 7 as never }
      },
    }
    const { examine, width } = threads
    const verifying = verify({
      source: broken,
      keys: parsePinnedKeys(KEYS),
      now: NOW,
      examine,
      width,
    })
    await expect(verifying).rejects.toThrow()
    await threads.close()
  })

  test('Kafka’s commits, sent twice or before their turn, are the same ledger', async () => {
    const lanes = lanesOf(ledger)
    const twice = lanes.exchange.flatMap((sent, at) => (at % 3 === 0 ? [sent, sent] : [sent]))
    const early = [...lanes.exchange]
    ;[early[4], early[5], early[6]] = [early[6]!, early[5]!, early[4]!]
    for (const exchangeLane of [lanes.exchange, twice, early]) {
      const { counts, findings } = await judge(sourceOfLanes({ ...lanes, exchange: exchangeLane }))
      expect([findings, counts.leaves]).toEqual([[], 689])
    }
  })
})

test('a commit that claims more leaves than it has bytes for takes no memory for them', async () => {
  const source = journalSource({ data: ledger.data, instance: INSTANCE })
  const claiming = {
    ...source,
    *read() {
      const part = { type: 'batch', first: 0, count: 2 ** 32, start: 0, end: 400 } as const
      yield { bytes: Buffer.from(new ArrayBuffer(400)), parts: [part] }
    },
  }
  const { findings } = await judge(claiming)
  expect(findings[0]).toMatchObject({ chain: REGISTRY, kind: 'leaf-malformed', first: 0 })
})

test('quick leaves out signatures and nothing else', async () => {
  const sample = { every: 32, offset: 3 }
  const { counts, findings } = await verifyData({ data: ledger.data, keys: KEYS, now: NOW, sample })
  expect(findings).toEqual([])
  expect(counts.checkpoints).toBe(89)
  expect(counts.signatures).toBeLessThan(10)
})

test('every kind of finding says what it means and what to do', () => {
  for (const { means, todo } of Object.values(FINDING_WORDS)) {
    expect(means.length).toBeGreaterThan(10)
    expect(todo).toMatch(/\.$/)
  }
})
