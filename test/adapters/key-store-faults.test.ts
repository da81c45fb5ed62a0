/** The key store in a process that is killed, or whose disk fails under it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openKeyStore } from '../../adapters/key-store-sqlite/key-store-sqlite.ts'
import type { KeyStore } from '../../gateway/ports/key-store.ts'
import { ExchangeId, Instant, MemberId } from '../../policies/vocabulary.ts'
import { testNeeding } from '../house/needs.ts'

const PROGRAM = join(import.meta.dirname, 'key-store.program.ts')
const SCOPE = {
  consumer: MemberId.parse('TW/GOV/379000000A'),
  provider: MemberId.parse('TW/GOV/A21030000I'),
  year: 2026,
}
const NOBODY_USER = 65534

let folder = ''
let file = ''
let children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-keys-'))
  file = join(folder, 'keys', 'keys.sqlite')
  children = []
})
afterEach(() => {
  for (const child of children) killGroup(child)
  rmSync(folder, { recursive: true, force: true })
})

function open(): KeyStore {
  return openKeyStore({
    file,
    expect: 'may-be-new',
    chance: { uuid: randomUUID, bytes: randomBytes },
    clock: { now: () => Instant.ofMilliseconds(Date.now()) },
  })
}

interface News {
  readonly fault?: string
  readonly subject?: string
  readonly exchange?: string
  readonly sealed?: string
  readonly subjects?: readonly string[]
  readonly known?: boolean
}

/** Starts the program, under another one where `under` names it; answers with the first line that it tells. */
async function start(
  what: string,
  under: readonly string[] = [],
): Promise<{ news: News; kill: () => Promise<void> }> {
  const [command, ...rest] = [...under, process.execPath, PROGRAM, what, file]
  // A process group of its own, since strace does not take its tracee with it.
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  children.push(child)
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) {
    const kill = async (): Promise<void> => {
      killGroup(child)
      await ended
    }
    return { news: JSON.parse(line) as News, kill }
  }
  throw new Error('the program told nothing')
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? Number.NaN), 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** strace on the calls to the key file only, with `options` of its own. */
function strace(...options: readonly string[]): string[] {
  const paths = [file, `${file}-journal`].flatMap((path) => ['-P', path])
  return ['strace', '-f', '-y', '-o', join(folder, 'trace'), ...options, ...paths]
}

describe('a process that is killed', () => {
  test('right after it answered has kept the key and the way back to it', async () => {
    const { news, kill } = await start('answer')
    await kill()
    const store = open()
    expect((await store.person('A300000014', SCOPE)).subject).toBe(news.subject)
    const opened = store.open(news.subject, ExchangeId.parse(news.exchange), news.sealed!)
    expect(opened).toEqual(Buffer.from('x'))
    store.close()
  })

  test('while it is open frees the file; while it lives nobody else opens it', async () => {
    const { kill } = await start('answer')
    expect(open).toThrow(expect.objectContaining({ fault: 'locked' }))
    await kill()
    open().close()
  })
})

describe('before a new person is answered', () => {
  // A kill cannot show this: what was written lives on in the page cache.
  testNeeding('strace')('all that was written for her is synced to the disk', async () => {
    const trace = ['strace', '-f', '-y', '-o', join(folder, 'trace')]
    const calls = 'pwrite64,ftruncate,fsync,fdatasync,write'
    const { kill } = await start('answer', [...trace, '-e', `trace=${calls}`])
    const lines = readFileSync(join(folder, 'trace'), 'utf8').split('\n')
    await kill()
    const told = lines.findIndex((line) => line.includes('write(1<') && line.includes('subject'))
    expect(told).toBeGreaterThan(0)
    const ours = lines.slice(0, told).filter((line) => line.includes('keys.sqlite'))
    for (const name of [/keys\.sqlite>/, /keys\.sqlite-journal>/]) {
      const calls = ours.filter((line) => name.test(line))
      expect(calls.some((line) => line.includes('pwrite64('))).toBe(true)
      expect(calls.at(-1)).toMatch(/f(data)?sync\(/)
    }
  })
})

describe('a disk', () => {
  testNeeding('strace')(
    'that is full refuses the newcomer and keeps all who were answered',
    async () => {
      const failing = ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=ENOSPC:when=90+']
      const { news, kill } = await start('fill', strace(...failing))
      await kill()
      expect(news).toMatchObject({ fault: 'full', known: true })
      await everybodyIsKnown(news.subjects!)
    },
  )

  testNeeding('strace')('whose sync fails once is not trusted again', async () => {
    const failing = ['-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO:when=42']
    const { news, kill } = await start('fill', strace(...failing))
    await kill()
    expect(news).toMatchObject({ fault: 'input-output', known: true })
    await everybodyIsKnown(news.subjects!)
  })

  test('that is read-only is refused at the start', async () => {
    open().close()
    chmodSync(file, 0o400)
    if (process.getuid?.() === 0) giveAway()
    const { news } = await start('answer-unprivileged')
    expect(news.fault).toBe('read-only')
  })

  test('on which the folder cannot be made is refused at the start', async () => {
    mkdirSync(join(folder, 'locked'), { mode: 0o500 })
    chmodSync(folder, 0o755)
    if (process.getuid?.() === 0) chownSync(join(folder, 'locked'), NOBODY_USER, NOBODY_USER)
    file = join(folder, 'locked', 'keys', 'keys.sqlite')
    const { news } = await start('answer-unprivileged')
    expect(news.fault).toBe('read-only')
  })
})

function giveAway(): void {
  for (const path of [folder, join(folder, 'keys'), file, `${file}-journal`]) {
    chownSync(path, NOBODY_USER, NOBODY_USER)
  }
}

async function everybodyIsKnown(subjects: readonly string[]): Promise<void> {
  expect(subjects.length).toBeGreaterThan(3)
  const store = open()
  for (const [number, subject] of subjects.entries()) {
    expect((await store.person(`person ${number}`, SCOPE)).subject).toBe(subject)
  }
  store.close()
}
