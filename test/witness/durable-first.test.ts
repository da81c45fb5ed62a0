/** The order of a witness's work: nothing is answered, and nobody is told a number, before the sync of what is remembered is over. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  openCheckpointsFolder,
  readCheckpoints,
} from '../../adapters/checkpoints-folder/checkpoints-folder.ts'
import {
  LINES_IN_FILE,
  LineLog,
  LinesDamaged,
  NoRoomForLine,
  findLast,
  readLines,
} from '../../adapters/checkpoints-folder/line-log.ts'
import { openWitnessFolder } from '../../adapters/checkpoints-folder/witness-folder.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { cosignerOf } from '../../gateway/witness/cosignature.ts'
import { witnessDesks, type Desks } from '../../gateway/witness/desks.ts'
import { checkpointIn } from '../../gateway/witness/parts.ts'
import { mountSmallDisk } from '../harness/small-disk.ts'
import { testNeeding } from '../house/needs.ts'
import { SteadyClock } from '../harness/steady.ts'
import { TestLog } from '../harness/test-log.ts'
import { until } from '../harness/until.ts'

let folder: string
const mended: (() => void)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-lines-'))
})

afterEach(() => {
  for (const mend of mended.splice(0)) mend()
  rmSync(folder, { recursive: true })
})

/** From now on every sync goes this way; answers the real one. */
async function syncsBy(way: (real: () => Promise<void>) => Promise<void>): Promise<void> {
  const handle = await open(join(folder, 'probe'), 'w')
  const its = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const { datasync } = its
  its.datasync = function (this: FileHandle) {
    return way(() => datasync.call(this))
  }
  mended.push(() => {
    its.datasync = datasync
  })
}

/** From now on every line is written this way. */
async function appendsBy(way: (file: FileHandle, text: string) => Promise<void>): Promise<void> {
  const handle = await open(join(folder, 'probe'), 'w')
  const its = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const { appendFile } = its
  its.appendFile = function (this: FileHandle, text) {
    return way(this, text as string)
  }
  mended.push(() => {
    its.appendFile = appendFile
  })
}

function desks(memory: Awaited<ReturnType<typeof openWitnessFolder>>): Desks {
  return witnessDesks({
    cosigner: cosignerOf('audit.example/w1', Buffer.alloc(32, 7)),
    keys: parsePinnedKeys(new TestLog('T/registry').vkey),
    memory,
    clock: new SteadyClock('2026-11-22T12:00:00+08:00'),
    alarm: () => undefined,
  })
}

describe('a witness', () => {
  test('answers only when what it remembers is synced', async () => {
    const memory = await openWitnessFolder(folder)
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let syncs = 0
    await syncsBy(async (real) => {
      syncs += 1
      await held
      await real()
    })
    const log = new TestLog('T/registry').grow(4)
    let answered = ''
    const asked = desks(memory)
      .checkpoints.add(log.request(0))
      .then(({ kind }) => (answered = kind))
    await until(() => syncs === 1, 'it is being synced')
    await pause(100)
    expect(answered).toBe('')
    release()
    await asked
    expect(answered).toBe('cosigned')
    await memory.close()
  })

  test('whose disk fails cosigns nothing for that chain any more, until it is started again and reads what is there', async () => {
    const memory = await openWitnessFolder(folder)
    await syncsBy(() => Promise.reject(new Error('EIO')))
    const log = new TestLog('T/registry').grow(4)
    const it = desks(memory).checkpoints
    await expect(it.add(log.request(0))).rejects.toThrow('could not be made durable')
    for (const mend of mended.splice(0)) mend()
    // The lost write may have been kept: another story must not get in its place.
    await expect(it.add(log.forkedAt(1).request(0))).rejects.toThrow('could not be made durable')
    await memory.close()
    const again = await openWitnessFolder(folder)
    expect(await desks(again).checkpoints.add(log.request(0))).toEqual({
      kind: 'conflict',
      size: 4,
    })
    await again.close()
  })
})

testNeeding('mount')(
  'a witness on a full disk answers nothing that it does not remember, and goes on by itself when there is room',
  async () => {
    const data = join(folder, 'small')
    mkdirSync(data)
    using disk = mountSmallDisk(data, 256 * 1024)
    const memory = await openWitnessFolder(data)
    const { checkpoints, complaints } = desks(memory)
    const log = new TestLog('T/registry').grow(1)
    let known = 0
    const add = async (): Promise<string> => {
      log.grow(1)
      const { kind } = await checkpoints.add(log.request(known))
      known = log.leaves.length
      return kind
    }
    expect(await add()).toBe('cosigned')
    disk.fill()
    const full = async (): Promise<void> => {
      for (let count = 0; count < 20; count += 1) await add()
    }
    await expect(full()).rejects.toThrow('the disk is full')
    await expect(checkpoints.add(log.request(known))).rejects.toThrow('the disk is full')
    expect((await complaints.add('x')).kind).toBe('malformed')
    disk.free()
    expect(await add()).toBe('cosigned')
    await memory.close()
    const again = await openWitnessFolder(data)
    expect(checkpointIn((await again.newest('T/registry')) ?? '').size).toBe(known)
    await again.close()
  },
)

describe('lines that are only appended', () => {
  const isWhole = (line: string): boolean => line.startsWith('line ')

  test('lose nothing and keep nothing half when the disk is full: the part is taken back, the next line follows', async () => {
    const log = await LineLog.open(folder, isWhole)
    await log.append('line 0')
    await appendsBy(async (file, text) => {
      await file.write(text.slice(0, 3))
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    })
    await expect(log.append('line 1')).rejects.toThrow(NoRoomForLine)
    expect([...readLines(folder)]).toEqual(['line 0'])
    for (const mend of mended.splice(0)) mend()
    expect(await log.append('line 2')).toBe(1)
    expect([...readLines(folder)]).toEqual(['line 0', 'line 2'])
    await log.close()
  })

  test('take nothing more where even the part can’t be taken back, until they are opened again', async () => {
    const log = await LineLog.open(folder, isWhole)
    await appendsBy(async (file, text) => {
      await file.write(text.slice(0, 3))
      await file.close()
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    })
    await expect(log.append('line 0')).rejects.toThrow('could not be made durable (EBADF)')
    for (const mend of mended.splice(0)) mend()
    await expect(log.append('line 0')).rejects.toThrow('could not be made durable')
    const again = await LineLog.open(folder, isWhole)
    expect(again.length).toBe(0)
    await again.close()
  })

  test('are found again by number and by order, over several files', async () => {
    const log = await LineLog.open(folder, isWhole)
    await syncsBy(() => Promise.resolve())
    const count = LINES_IN_FILE + 300
    await Promise.all(Array.from({ length: count }, (_, at) => log.append(`line ${at}`)))
    expect(log.length).toBe(count)
    expect([...log.read(LINES_IN_FILE - 1)].slice(0, 3)).toEqual(
      [4095, 4096, 4097].map((at) => `line ${at}`),
    )
    expect([...readLines(folder, count - 1)]).toEqual([`line ${count - 1}`])
    for (const wanted of [0, 17, 4095, 4096, count - 1]) {
      expect(findLast(folder, (line) => Number(line.slice(5)) <= wanted)).toBe(`line ${wanted}`)
    }
    expect(findLast(folder, () => false)).toBeUndefined()
    await log.close()
    const again = await LineLog.open(folder, isWhole)
    expect([again.length, again.last]).toEqual([count, `line ${count - 1}`])
    await again.close()
  })

  test.each([
    ['a line without its end', 'line 0\nline 1\nli', 2],
    ['zeros that were never written over', 'line 0\nline 1\n\0\0\0\0', 2],
    ['a line of zeros', 'line 0\nline\0\0\0\n', 1],
    ['nothing but zeros', '\0\0\0', 0],
  ])('lose %s at the next start, and nothing else', async (_what, content, left) => {
    const file = join(folder, '000000000000.lines')
    writeFileSync(file, content)
    const log = await LineLog.open(folder, isWhole)
    expect(log.length).toBe(left)
    await log.append('line new')
    await log.close()
    expect(readFileSync(file, 'utf8').split('\n').slice(left)).toEqual(['line new', ''])
  })

  test('are damaged where a whole line is not what was written, or a file is gone: nothing is appended', async () => {
    writeFileSync(join(folder, '000000000000.lines'), 'line 0\nlike 1\n')
    await expect(LineLog.open(folder, isWhole)).rejects.toThrow(LinesDamaged)
    rmSync(join(folder, '000000000000.lines'))
    writeFileSync(join(folder, '000000004096.lines'), 'line 4096\n')
    await expect(LineLog.open(folder, isWhole)).rejects.toThrow(LinesDamaged)
  })
})

describe('published checkpoints', () => {
  test('are read back in order, also while more are published, and after a torn last line', async () => {
    const store = await openCheckpointsFolder(folder)
    const log = new TestLog('T/registry')
    for (let size = 1; size <= 5; size += 1) {
      const note = log.grow(1).note()
      expect(await store.publish({ origin: log.origin, size, note })).toBe(size - 1)
    }
    expect([...readCheckpoints(folder, 3)].map(({ size }) => size)).toEqual([4, 5])
    await store.close()
    const [file = ''] = readdirSync(folder)
    truncateSync(join(folder, file), readFileSync(join(folder, file)).length - 7)
    expect([...readCheckpoints(folder)].map(({ size }) => size)).toEqual([1, 2, 3, 4])
    const again = await openCheckpointsFolder(folder)
    expect(again.length).toBe(4)
    await again.close()
  })
})
