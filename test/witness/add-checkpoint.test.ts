/** C2SP tlog-witness, sentence by sentence, against a witness with a real folder. */
import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  openWitnessFolder,
  type WitnessFolder,
} from '../../adapters/checkpoints-folder/witness-folder.ts'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { parseNote, parseVkey, signersOf } from '../../gateway/ledger/note.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { parseAddCheckpoint } from '../../gateway/witness/add-checkpoint.ts'
import type { CheckpointDesk } from '../../gateway/witness/checkpoint-desk.ts'
import {
  cosignatureLine,
  cosignerOf,
  cosignerVkey,
  parseSecretKey,
  secretKeyText,
} from '../../gateway/witness/cosignature.ts'
import { witnessDesks } from '../../gateway/witness/desks.ts'
import { testSigner } from '../harness/memory-ledger.ts'
import { SteadyClock } from '../harness/steady.ts'
import { TestLog } from '../harness/test-log.ts'

const cosigner = cosignerOf('audit.example/w1', Buffer.alloc(32, 7))
const vkey = parseVkey(cosignerVkey(cosigner))!
const ORIGIN = 'T/registry'

let folder: string
let memory: WitnessFolder
let alarms: string[]
let desk: CheckpointDesk
const clock = new SteadyClock('2026-11-22T12:00:00+08:00')

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-witness-'))
  await reopen()
})

afterEach(async () => {
  await memory.close()
  rmSync(folder, { recursive: true })
})

async function reopen(): Promise<void> {
  memory = await openWitnessFolder(folder)
  alarms = []
  const keys = parsePinnedKeys(new TestLog(ORIGIN).vkey)
  const alarm = (words: string): number => alarms.push(words)
  desk = witnessDesks({ cosigner, keys, memory, clock, alarm }).checkpoints
}

function contradictions(): string[] {
  return readdirSync(join(folder, 'contradictions')).map((name) =>
    readFileSync(join(folder, 'contradictions', name), 'utf8'),
  )
}

describe('what is cosigned', () => {
  test('the first checkpoint of a chain, and each that is shown to continue the one before', async () => {
    const log = new TestLog(ORIGIN)
    let old = 0
    for (const size of [1, 2, 3, 7, 8, 9, 64, 65, 257]) {
      log.grow(size - log.leaves.length)
      const answer = await desk.add(log.request(old))
      if (answer.kind !== 'cosigned') throw new Error(answer.kind)
      const note = parseNote(`${parseNote(log.note())!.text}\n${answer.lines}`)!
      expect(signersOf(note, [vkey])).toEqual([vkey])
      expect(note.signatures[0]!.signature.readBigUInt64BE(0)).toBe(
        BigInt(Math.floor(clock.now() / 1000)),
      )
      old = size
    }
  })

  test('the same checkpoint again, with a fresh time', async () => {
    const log = new TestLog(ORIGIN).grow(5)
    await desk.add(log.request(0))
    expect((await desk.add(log.request(5))).kind).toBe('cosigned')
  })

  test('a checkpoint of size zero has the root of the empty tree', async () => {
    expect(await desk.add(new TestLog(ORIGIN).request(0))).toMatchObject({ kind: 'cosigned' })
    const wrong = checkpointWriter(ORIGIN, testSigner(1))(0, '\u0001'.repeat(32))
    expect((await desk.add(`old 0\n\n${wrong}`)).kind).toBe('inconsistent')
  })

  test('monitors read the newest under the SHA-256 of the origin, with the log’s signature and ours', async () => {
    const log = new TestLog(ORIGIN).grow(5)
    expect(await desk.newest(hash('sha256', ORIGIN))).toBeUndefined()
    const answer = await desk.add(log.request(0))
    const lines = answer.kind === 'cosigned' ? answer.lines : ''
    expect(await desk.newest(hash('sha256', ORIGIN))).toBe(log.note() + lines)
  })
})

describe('what is refused', () => {
  const log = new TestLog(ORIGIN).grow(9)

  test.each([
    ['not a request', ''],
    ['no old size', log.request(0).replace('old 0\n', '')],
    ['a leading zero', log.request(0).replace('old 0', 'old 00')],
    ['a size that no number holds', log.request(0).replace('old 0', 'old 99999999999999999999')],
    ['no blank line', log.request(0).replace('\n\n', '\n')],
    ['a hash of 31 bytes', `old 1\n${Buffer.alloc(31).toString('base64')}\n\n${log.note()}`],
    [
      '64 proof lines',
      `old 1\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\n${log.note()}`,
    ],
    ['a checkpoint without a signature', `old 0\n\n${log.note().split('\n\n')[0]!}\n\n`],
    ['carriage returns', log.request(0).replaceAll('\n', '\r\n')],
    ['an old size above the new one', `old 10\n\n${log.note()}`],
  ])('400: %s', async (_what, body) => {
    const { kind } = await desk.add(body)
    expect(['malformed', 'old-above-new']).toContain(kind)
  })

  test('404: a chain that is not pinned', async () => {
    expect((await desk.add(new TestLog('other/registry').grow(1).request(0))).kind).toBe(
      'unknown-origin',
    )
  })

  test('404: an exchange chain of a pinned gateway whose genesis nobody has shown', async () => {
    const secret = new TestLog('T/exchange/T/GOV/A300000014/gw1/1', [], 2).grow(1)
    const gateway = new TestLog('T/exchange/T/GOV/A300000014/gw1', [], 2).vkey
    const keys = parsePinnedKeys(`${log.vkey}\n${gateway}`)
    const alarm = (): void => undefined
    const other = witnessDesks({ cosigner, keys, memory, clock, alarm }).checkpoints
    expect((await other.add(secret.request(0))).kind).toBe('unknown-origin')
  })

  test('403: another key under the same name; a known key’s signature that fails', async () => {
    expect((await desk.add(new TestLog(ORIGIN, [], 2).grow(3).request(0))).kind).toBe('unsigned')
    const torn = log
      .request(0)
      .replace(
        /(.)(.)(=*)\n$/,
        (_all, a: string, b: string, pad: string) => `${a === 'A' ? 'B' : 'A'}${b}${pad}\n`,
      )
    expect((await desk.add(torn)).kind).toBe('unsigned')
  })

  test('409: another old size than the one that is remembered, which is told', async () => {
    await desk.add(log.request(0, 4))
    expect(await desk.add(log.request(0))).toEqual({ kind: 'conflict', size: 4 })
    expect(await desk.add(log.request(3))).toEqual({ kind: 'conflict', size: 4 })
    expect((await desk.add(log.request(4))).kind).toBe('cosigned')
  })

  test('422: the same size with another root: both notes are kept for ever, and name chain and size', async () => {
    await desk.add(log.request(0))
    const fork = log.forkedAt(3)
    expect((await desk.add(fork.request(9))).kind).toBe('inconsistent')
    const [file = ''] = contradictions()
    expect(file).toContain('kind fork\nchain T/registry\nsize 9\n')
    expect(file).toContain('T/registry was forked: its key signed two different trees of 9 leaves.')
    expect(file).toContain(log.note().trimEnd())
    expect(file).toContain(fork.note().trimEnd())
    expect(alarms).toHaveLength(1)
    await desk.add(fork.request(9))
    expect(contradictions()).toHaveLength(1)
  })

  test('a rolled-back log is answered 409, and convicted by any earlier size that was cosigned', async () => {
    for (const [old, size] of [
      [0, 4],
      [4, 6],
      [6, 9],
    ] as const)
      await desk.add(log.request(old, size))
    const fork = log.forkedAt(2)
    expect(await desk.add(fork.request(0, 5))).toEqual({ kind: 'conflict', size: 9 })
    expect(contradictions()).toEqual([])
    expect(await desk.add(fork.request(0, 6))).toEqual({ kind: 'conflict', size: 9 })
    expect(contradictions()[0]).toContain('kind fork\nchain T/registry\nsize 6\n')
  })

  test('422: a proof that does not lead there is a suspicion, which is kept too', async () => {
    await desk.add(log.request(0, 4))
    const fork = log.forkedAt(2)
    expect((await desk.add(fork.request(4))).kind).toBe('inconsistent')
    expect(contradictions()[0]).toContain('kind unproven\nchain T/registry\nsize 9\n')
    expect((await desk.add(log.request(4))).kind).toBe('cosigned')
  })

  test('suspicions of one chain have a bound, which leaves room for those of another', async () => {
    const grown = new TestLog(ORIGIN).grow(80)
    await desk.add(grown.request(0, 4))
    for (let size = 5; size <= 80; size += 1)
      await desk.add(grown.request(4, size).replace(/^(old 4\n)[^\n]+\n/, '$1'))
    expect(contradictions()).toHaveLength(64)
    const text = new TestLog('U/registry').grow(9)
    const keys = parsePinnedKeys(text.vkey)
    const other = witnessDesks({
      cosigner,
      keys,
      memory,
      clock,
      alarm: () => undefined,
    }).checkpoints
    await other.add(text.request(0, 4))
    expect((await other.add(text.forkedAt(2).request(4))).kind).toBe('inconsistent')
    expect(contradictions()).toHaveLength(65)
  })

  test('422: a proof from size zero is empty', async () => {
    const body = log
      .request(0)
      .replace('old 0\n', `old 0\n${Buffer.alloc(32).toString('base64')}\n`)
    expect((await desk.add(body)).kind).toBe('inconsistent')
  })
})

test('of all that is asked at once, only what continues what was answered before is cosigned', async () => {
  const log = new TestLog(ORIGIN).grow(40)
  await desk.add(log.request(0, 3))
  const fork = log.forkedAt(5)
  // Each is consistent with what is remembered when it comes; together they are not.
  const answers = await Promise.all([
    ...[10, 20, 30].map((size) => desk.add(log.request(3, size))),
    ...[10, 20, 30].map((size) => desk.add(fork.request(3, size))),
  ])
  expect(answers.map(({ kind }) => kind)).toEqual([
    'cosigned',
    ...Array<string>(5).fill('conflict'),
  ])
})

test('any sequence of growth, forks, replays and restarts: all that is cosigned is one history', async () => {
  const step = fc.record({
    // Absent: the size that is remembered.
    old: fc.option(fc.nat(24)),
    size: fc.nat(24),
    fork: fc.boolean(),
    restart: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      await memory.close()
      rmSync(folder, { recursive: true })
      await reopen()
      const honest = new TestLog(ORIGIN).grow(24)
      const logs = [honest, honest.forkedAt(4)]
      const cosigned: { size: number; root: string }[] = []
      for (const { fork, old, restart, size } of steps) {
        if (restart) {
          await memory.close()
          await reopen()
        }
        const log = logs[fork ? 1 : 0]!
        const remembered = cosigned.at(-1)?.size ?? 0
        const asked = Math.min(old ?? remembered, size)
        const { kind } = await desk.add(log.request(asked, size))
        if (kind === 'cosigned') cosigned.push({ size, root: log.root(size) })
      }
      const oneOf = (log: TestLog): boolean =>
        cosigned.every(({ root, size }) => log.root(size) === root)
      expect(logs.some(oneOf)).toBe(true)
      expect(cosigned.map(({ size }) => size)).toEqual(
        cosigned.map(({ size }) => size).toSorted((a, b) => a - b),
      )
    }),
    { numRuns: 25 },
  )
})

describe('cosignatures', () => {
  test('sign the two lines and the whole text, and come in 76 bytes (C2SP tlog-cosignature)', () => {
    const text =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
    const line = cosignatureLine(cosigner, text, 1_679_315_147)
    const note = parseNote(`${text}\n${line}`)!
    expect(signersOf(note, [vkey])).toEqual([vkey])
    expect(Buffer.from(line.split(' ')[2]!, 'base64')).toHaveLength(76)
    const later = Buffer.from(line.split(' ')[2]!, 'base64')
    later.writeUInt8(later.readUInt8(11) + 1, 11)
    const moved = parseNote(`${text}\n\u2014 ${cosigner.name} ${later.toString('base64')}\n`)!
    expect(signersOf(moved, [vkey])).toBeUndefined()
  })

  test('the secret key is one line that only its own kind of key comes out of', () => {
    const text = secretKeyText('audit.example/w1', Buffer.alloc(32, 7))
    expect(cosignerVkey(parseSecretKey(`${text}\n`)!)).toBe(cosignerVkey(cosigner))
    for (const damaged of [
      text.slice(0, -1),
      text.replace('w1', 'w2'),
      text.replace('PRIVATE', 'X'),
      '',
    ]) {
      expect(parseSecretKey(damaged)).toBeUndefined()
    }
    expect(() => cosignerOf('with blank', Buffer.alloc(32))).toThrow(RangeError)
    expect(() => cosignerOf('with+plus', Buffer.alloc(32))).toThrow(RangeError)
  })
})

test('the example of the specification is read as it is written', () => {
  const body = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`
  const read = parseAddCheckpoint(body)
  expect(read).toMatchObject({
    old: 20_852_014,
    checkpoint: { origin: 'example.com/behind-the-sofa', size: 20_852_163 },
  })
  expect(read?.proof).toHaveLength(4)
  expect(read?.note.signatures).toHaveLength(2)
})
