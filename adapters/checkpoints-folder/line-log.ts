/**
 * Lines that are only ever appended, each durable before its number is told. Files of `LINES_IN_FILE` lines, each named after the
 * number of its first line, so that a line is found without an index:
 *
 *     000000000000.lines   000000004096.lines   …
 *
 * A crash may leave part of a last line, which nobody was told of: it is cut off by the next `open`.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'

export const LINES_IN_FILE = 4096

/** The disk is full: the line is not there, and the next one may be appended as soon as there is room. */
export class NoRoomForLine extends Error {
  override readonly name = 'NoRoomForLine'
}

/** A line that was written whole is not what it was: the folder is damaged, and nothing is appended to it. */
export class LinesDamaged extends Error {
  override readonly name = 'LinesDamaged'
}

export class LineLog {
  readonly #folder: string
  #length: number
  #last: string | undefined
  #file: fs.promises.FileHandle | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #fault: Error | undefined

  private constructor(folder: string, found: { length: number; last: string | undefined }) {
    this.#folder = folder
    this.#length = found.length
    this.#last = found.last
  }

  /** `isWhole`: whether a line is one that was written; asked of the last one only, since a crash may have torn it. */
  static async open(folder: string, isWhole: (line: string) => boolean): Promise<LineLog> {
    await makeDurableFolder(folder)
    return new LineLog(folder, await mendTail(folder, isWhole))
  }

  /** How many lines are durable. */
  get length(): number {
    return this.#length
  }

  get last(): string | undefined {
    return this.#last
  }

  /** Resolves with the line's number once it survives a power cut. Lines stand in the order of the calls. */
  append(line: string): Promise<number> {
    const appended = this.#queue.then(() => this.#append(line))
    this.#queue = appended.catch(() => undefined)
    return appended
  }

  *read(from = 0): Generator<string, undefined> {
    yield* readLines(this.#folder, from, this.#length)
    return
  }

  async close(): Promise<void> {
    await this.#queue
    this.#fault ??= new Error('the lines are closed')
    await this.#file?.close()
    this.#file = undefined
  }

  async #append(line: string): Promise<number> {
    if (this.#fault !== undefined) throw this.#fault
    if (line.includes('\n')) throw new RangeError('a line ends where the next one begins')
    const number = this.#length
    try {
      const file = await this.#fileFor(number)
      const { size } = await file.stat()
      await writeWhole(file, `${line}\n`, size)
      await file.datasync()
    } catch (cause) {
      if (cause instanceof NoRoomForLine) throw cause
      // What the kernel dropped can't be known: only the next `open` tells what is there.
      const why = codeOf(cause)
      this.#fault = new Error(`the lines could not be made durable (${why})`, { cause })
      throw this.#fault
    }
    this.#length = number + 1
    this.#last = line
    return number
  }

  async #fileFor(number: number): Promise<fs.promises.FileHandle> {
    const isFirst = number % LINES_IN_FILE === 0
    if (this.#file !== undefined && !isFirst) return this.#file
    await this.#file?.close()
    this.#file = undefined
    const name = path.join(this.#folder, nameOf(number))
    this.#file = await fs.promises.open(name, 'a', 0o600).catch(noRoom)
    if (isFirst) await syncFolder(this.#folder)
    return this.#file
  }
}

/** A part that was written before the disk was full is taken back: nothing of it had been synced, and nobody was told of it. */
async function writeWhole(file: fs.promises.FileHandle, text: string, size: number): Promise<void> {
  try {
    await file.appendFile(text)
  } catch (cause) {
    await file.truncate(size)
    noRoom(cause)
  }
}

function noRoom(cause: unknown): never {
  if (!['ENOSPC', 'EDQUOT'].includes(codeOf(cause))) throw cause
  throw new NoRoomForLine('the disk is full: make room, it goes on by itself', { cause })
}

function codeOf(fault: unknown): string {
  const { code = 'unknown' } = Object(fault) as { readonly code?: string }
  return code
}

/** Lines [from, to) without opening the log, also while its owner appends: a part of a last line is left out. */
export function* readLines(folder: string, from = 0, to = Infinity): Generator<string, undefined> {
  for (const start of startsIn(folder)) {
    if (start + LINES_IN_FILE <= from) continue
    const lines = linesOf(folder, start)
    for (const [at, line] of lines.entries()) {
      if (start + at >= to) return
      if (start + at >= from) yield line
    }
  }
  return
}

/** The last line that satisfies `isAtMost`, where it holds for a first part of all lines and for none behind it. */
export function findLast(folder: string, isAtMost: (line: string) => boolean): string | undefined {
  const start = lastOf(startsIn(folder), (each) => {
    const first = firstLine(path.join(folder, nameOf(each)))
    return first !== undefined && isAtMost(first)
  })
  return start === undefined ? undefined : lastOf(linesOf(folder, start), isAtMost)
}

/** By halves: whoever may ask often must not cost a look at every line. */
function lastOf<Item>(items: readonly Item[], isAtMost: (item: Item) => boolean): Item | undefined {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const item = items[middle]
    if (item !== undefined && isAtMost(item)) low = middle + 1
    else high = middle
  }
  return items[low - 1]
}

/** Without the rest of the file; undefined where it has no whole line yet. */
function firstLine(file: string): string | undefined {
  const descriptor = fs.openSync(file, 'r')
  try {
    for (let length = 4096; ; length *= 4) {
      const bytes = Buffer.alloc(length)
      const read = fs.readSync(descriptor, bytes, 0, length, 0)
      const end = bytes.subarray(0, read).indexOf('\n')
      if (end >= 0) return bytes.toString('utf8', 0, end)
      if (read < length) return undefined
    }
  } finally {
    fs.closeSync(descriptor)
  }
}

async function mendTail(
  folder: string,
  isWhole: (line: string) => boolean,
): Promise<{ length: number; last: string | undefined }> {
  const starts = startsIn(folder)
  for (const [at, start] of starts.entries()) {
    if (start !== at * LINES_IN_FILE) throw new LinesDamaged(`${folder}: a file is missing`)
  }
  for (const start of starts.toReversed()) {
    const lines = await mendFile(path.join(folder, nameOf(start)), isWhole)
    const [last] = lines.slice(-1)
    if (last !== undefined) return { length: start + lines.length, last }
  }
  return { length: 0, last: undefined }
}

/**
 * What a crash can leave: a last line without its end, or zeros where bytes never reached the disk. Anything else that is not whole
 * had been told of, and whoever goes on without it would have forgotten something.
 */
async function mendFile(file: string, isWhole: (line: string) => boolean): Promise<string[]> {
  const lines = fs.readFileSync(file, 'utf8').split('\n')
  const rest = lines.pop() ?? ''
  const isTorn = rest !== '' || lines.at(-1)?.includes('\0') === true
  if (rest === '' && isTorn) lines.pop()
  const last = lines.at(-1)
  if (last !== undefined && !isWhole(last)) {
    throw new LinesDamaged(
      `${file}: line ${lines.length} is not what was written. Put a copy back that is no older; without one, keep the folder aside`,
    )
  }
  if (isTorn) await cut(file, Buffer.byteLength(lines.map((line) => `${line}\n`).join('')))
  return lines
}

async function cut(file: string, bytes: number): Promise<void> {
  const handle = await fs.promises.open(file, 'r+')
  try {
    await handle.truncate(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function linesOf(folder: string, start: number): string[] {
  const lines = fs.readFileSync(path.join(folder, nameOf(start)), 'utf8').split('\n')
  // What stands behind the last newline is being written.
  lines.pop()
  return lines
}

function startsIn(folder: string): number[] {
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder)
    .filter((name) => /^[0-9]{12}\.lines$/.test(name))
    .map((name) => Number(name.slice(0, 12)))
    .sort((a, b) => a - b)
}

function nameOf(number: number): string {
  const start = number - (number % LINES_IN_FILE)
  return `${String(start).padStart(12, '0')}.lines`
}

/** With its parents, and their entries durable. */
export async function makeDurableFolder(folder: string): Promise<void> {
  const made = fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (made === undefined) return
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    await syncFolder(path.dirname(at))
    if (at === path.resolve(made)) return
  }
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.promises.open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
