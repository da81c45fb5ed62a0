/**
 * The texts of a folder of documents: `<kind>/<name>.json`, nothing else, nothing that is a link to somewhere else, and
 * nothing of a size that no document has. Reads only.
 */
import { isUtf8 } from 'node:buffer'
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DOCUMENT_KINDS } from '../../policies/documents/documents.ts'
import type {
  DocumentCrypto,
  DocumentFile,
  Fault,
  ReadDocuments,
} from '../../policies/documents/documents.ts'
import { readDocuments } from '../../policies/documents/read-documents.ts'

/** Reads and checks a whole folder: all or nothing. Throws only where the machine fails, not for what it finds. */
export function readDocumentsFolder(folder: string, crypto: DocumentCrypto): ReadDocuments {
  const { files, faults } = readFolder(folder)
  const read = readDocuments(files, crypto)
  if (faults.length === 0) return read
  return { kind: 'faulty', faults: read.kind === 'read' ? faults : [...faults, ...read.faults] }
}

// Where a system has no O_NOFOLLOW it is undefined, which adds nothing.
const READ_NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW
const LARGEST_BYTES = 1024 * 1024
const MOST_FILES = 50_000

export interface FolderTexts {
  readonly files: readonly DocumentFile[]
  readonly faults: readonly Fault[]
}

export function readFolder(folder: string): FolderTexts {
  const files: DocumentFile[] = []
  const faults: Fault[] = []
  for (const path of pathsIn(folder, faults)) {
    const read = readText(folder, path)
    if (typeof read === 'string') faults.push({ path, pointer: '', expected: read })
    else files.push({ path, text: read.text })
  }
  return { files, faults }
}

/** Paths of what looks like a document, with `/`, in order of the text. */
function pathsIn(folder: string, faults: Fault[]): readonly string[] {
  const fault = (path: string, expected: string): void => {
    faults.push({ path, pointer: '', expected })
  }
  const paths: string[] = []
  for (const kind of entriesOf(folder)) {
    if (kind.startsWith('.')) continue
    if (!DOCUMENT_KINDS.some((known) => known === kind)) {
      fault(kind, `a folder of ${DOCUMENT_KINDS.join(', ')}`)
    } else if (!lstatSync(join(folder, kind)).isDirectory()) {
      fault(kind, 'a folder, not a file or a link')
    } else {
      const names = entriesOf(join(folder, kind)).filter((name) => !name.startsWith('.'))
      paths.push(...names.map((name) => `${kind}/${name}`))
    }
  }
  if (paths.length <= MOST_FILES) return paths
  fault('', `at most ${String(MOST_FILES)} documents`)
  return []
}

function entriesOf(folder: string): readonly string[] {
  return readdirSync(folder).toSorted()
}

/** The text, or what was expected instead. */
function readText(folder: string, path: string): { readonly text: string } | string {
  if (!path.endsWith('.json')) return 'a file whose name ends in .json'
  if (!lstatSync(join(folder, path)).isFile()) return 'a file, not a folder or a link'
  // Not followed either if it became a link since the look above.
  const file = openSync(join(folder, path), READ_NO_LINK)
  try {
    if (fstatSync(file).size > LARGEST_BYTES) return `at most ${String(LARGEST_BYTES)} bytes`
    const bytes = readFileSync(file)
    return isUtf8(bytes) ? { text: bytes.toString('utf8') } : 'text in UTF-8'
  } finally {
    closeSync(file)
  }
}
