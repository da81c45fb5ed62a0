/**
 * An archive on disk, by content:
 *
 *     objects/ab/abcdef…           bytes, named by their SHA-256; written once, never changed
 *     manifests/000000000001.json  and its signed note, 000000000001.note
 *
 * Everything is durable and read back before it is told. Nothing is ever written over: what is there and is not what its name says is a
 * fault for people. A run that was cut off leaves objects that no manifest names; the next run finds and uses them.
 */
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'

/** What the archive holds is not what it was given. `message` names the file. */
export class ArchiveDamaged extends Error {
  override readonly name = 'ArchiveDamaged'
}

export interface StoredManifest {
  readonly text: string
  readonly note: string
}

export class ArchiveFolder {
  readonly #folder: string
  /** Folders of new objects, whose names are not durable yet: they are before a manifest names them. */
  readonly #unsynced = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Answers the SHA-256, hexadecimal, and whether it had not been there. Its bytes are durable and read back, its name with the manifest. */
  put(bytes: Uint8Array): { readonly sha256: string; readonly isNew: boolean } {
    const sha256 = sha256Of(bytes)
    const isNew = this.#place(this.#object(sha256), bytes)
    return { sha256, isNew }
  }

  /** Throws `ArchiveDamaged` where it is missing or is not what its name says. */
  get(sha256: string): Buffer {
    const file = this.#object(sha256)
    const bytes = readIfThere(file)
    if (bytes === undefined) throw new ArchiveDamaged(`${file} is missing`)
    if (sha256Of(bytes) === sha256) return bytes
    throw new ArchiveDamaged(`${file} is damaged: its bytes are not those of its name`)
  }

  /** In order. Throws `ArchiveDamaged` where one is missing before another. */
  manifests(): StoredManifest[] {
    const names = fs.existsSync(this.#manifests) ? fs.readdirSync(this.#manifests) : []
    const count = names.filter((name) => /^[0-9]{12}\.json$/.test(name)).length
    return Array.from({ length: count }, (_, at) => {
      const file = this.#manifest(at + 1, 'json')
      const text = readIfThere(file)
      if (text === undefined) throw new ArchiveDamaged(`${file} is missing`)
      // Written before the manifest itself: only somebody who takes it away leaves none.
      const note = readIfThere(this.#manifest(at + 1, 'note')) ?? Buffer.alloc(0)
      return { text: text.toString(), note: note.toString() }
    })
  }

  /** One run at a time. Throws `ArchiveDamaged` where this number is there already, or another run writes it as well. */
  addManifest(number: number, { note, text }: StoredManifest): void {
    this.#syncFolders()
    // A run that was cut off between the two leaves a note of nothing.
    if (!fs.existsSync(this.#manifest(number, 'json')))
      fs.rmSync(this.#manifest(number, 'note'), { force: true })
    this.#place(this.#manifest(number, 'note'), Buffer.from(note))
    // In this order: a manifest without its note would be one that nobody signed.
    this.#syncFolders()
    const manifest = this.#manifest(number, 'json')
    this.#place(manifest, Buffer.from(text))
    this.#syncFolders()
    if (readIfThere(this.#manifest(number, 'note'))?.toString() === note) return
    // Of two machines that write at one time this one gives way: a manifest beside another's note would be one that nobody signed.
    fs.rmSync(manifest, { force: true })
    throw new ArchiveDamaged(`${manifest}: another run has written this number meanwhile`)
  }

  #object(sha256: string): string {
    return path.join(this.#folder, 'objects', sha256.slice(0, 2), sha256)
  }

  #manifest(number: number, extension: 'json' | 'note'): string {
    return path.join(this.#manifests, `${String(number).padStart(12, '0')}.${extension}`)
  }

  get #manifests(): string {
    return path.join(this.#folder, 'manifests')
  }

  /** Whole under its name, or not there; false where these bytes stood there already. */
  #place(file: string, bytes: Uint8Array): boolean {
    if (isThere(file, bytes)) return false
    makeDurableFolder(path.dirname(file))
    const temporary = `${file}.${String(process.pid)}.new`
    try {
      writeDurably(temporary, bytes)
      // Unlike a rename, a link never takes the place of what is there.
      fs.linkSync(temporary, file)
    } finally {
      fs.rmSync(temporary, { force: true })
    }
    this.#unsynced.add(path.dirname(file))
    if (!isThere(file, bytes)) throw new ArchiveDamaged(`${file} was not kept as it was written`)
    return true
  }

  #syncFolders(): void {
    for (const folder of this.#unsynced) syncFolder(folder)
    this.#unsynced.clear()
  }
}

/** Throws `ArchiveDamaged` where something else stands there. */
function isThere(file: string, bytes: Uint8Array): boolean {
  const there = readIfThere(file)
  if (there === undefined) return false
  if (Buffer.compare(there, bytes) === 0) return true
  throw new ArchiveDamaged(`${file} holds something else already; nothing was written over it`)
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function readIfThere(file: string): Buffer | undefined {
  return fs.existsSync(file) ? fs.readFileSync(file) : undefined
}

function writeDurably(file: string, bytes: Uint8Array): void {
  fs.rmSync(file, { force: true })
  const descriptor = fs.openSync(file, 'wx', 0o400)
  try {
    fs.writeFileSync(descriptor, bytes)
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function makeDurableFolder(folder: string): void {
  const made = fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (made === undefined) return
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    syncFolder(path.dirname(at))
    if (at === path.resolve(made)) return
  }
}

function syncFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}
