/**
 * Documents from their texts: all or nothing. Each is JSON of exactly the shape of its kind; then what they say of each
 * other must hold, and each agreement must be signed by both its controllers. Every fault is reported with its place.
 *
 * References are checked even while some documents are faulty, but only those of the sound ones.
 */
import { canonicalJson } from '../canonical-json.ts'
import type { Json } from '../canonical-json.ts'
import { agreementReferences } from './agreement-references.ts'
import { checkSignatures } from './agreement-signatures.ts'
import { signedAgreement } from './agreement-shape.ts'
import { legalBasisList, purposeList } from './catalog-shape.ts'
import { DOCUMENT_KINDS } from './documents.ts'
import type {
  DocumentCrypto,
  DocumentFile,
  DocumentKind,
  Documents,
  Fault,
  ReadDocuments,
  Registered,
} from './documents.ts'
import { readJson } from './json-text.ts'
import { member } from './member-shape.ts'
import { memberReferences, serviceReferences } from './references.ts'
import { service } from './service-shape.ts'
import { FAULTY, isObject } from './shape.ts'
import type { Reader } from './shape.ts'

export function readDocuments(
  files: readonly DocumentFile[],
  crypto: DocumentCrypto,
): ReadDocuments {
  const faults: Fault[] = []
  const note: Note = (path, pointer, expected) => faults.push({ path, pointer, expected })
  const parsed = files.map((file) => parse(file, faults)).filter((text) => text !== undefined)
  const shelf: Shelf = { parsed: parsed.toSorted(inOrder), note, crypto }
  for (const { file } of repeatedPaths(shelf.parsed))
    note(file.path, '', 'one document of this path')
  const documents = assemble(shelf)
  return faults.length === 0 ? { kind: 'read', documents } : { kind: 'faulty', faults }
}

export type Note = (path: string, pointer: string, expected: string) => void

interface Parsed {
  readonly file: DocumentFile
  readonly kind: DocumentKind
  readonly value: Json
}

interface Shelf {
  readonly parsed: readonly Parsed[]
  readonly note: Note
  readonly crypto: DocumentCrypto
}

function parse(file: DocumentFile, faults: Fault[]): Parsed | undefined {
  const { path, text } = file
  const kind = DOCUMENT_KINDS.find((candidate) => path.startsWith(`${candidate}/`))
  if (kind === undefined || !/^[a-z-]+\/[^/]+\.json$/.test(path)) {
    faults.push({
      path,
      pointer: '',
      expected: `a path <kind>/<name>.json of ${DOCUMENT_KINDS.join(', ')}`,
    })
    return undefined
  }
  const json = readJson(text)
  switch (json.kind) {
    case 'read':
      return { file, kind, value: json.value }
    case 'malformed': {
      const { expected, line, column } = json
      faults.push({ path, pointer: '', expected, position: { line, column } })
      return undefined
    }
    case 'repeated':
      for (const pointer of json.pointers) {
        faults.push({ path, pointer, expected: 'a member name that stands once' })
      }
      return undefined
  }
}

function assemble(shelf: Shelf): Documents {
  const members = unique(shelf, read(shelf, 'members', member), ({ id }) => id)
  const services = unique(shelf, read(shelf, 'services', service), ({ id }) => id)
  const purposeLists = read(shelf, 'purposes', purposeList)
  const basisLists = read(shelf, 'legal-bases', legalBasisList)
  unique(shelf, purposeLists, ({ id }) => id)
  unique(shelf, basisLists, ({ id }) => id)
  const signed = read(shelf, 'agreements', signedAgreement, 'agreement')
  unique(shelf, signed, ({ agreement: { id, version } }) => `${id}@${String(version)}`)
  const agreements = signed.map((one) => ({ ...one, document: one.document.agreement }))
  const all = [members.values(), services.values(), purposeLists, basisLists, agreements]
  const documents: Documents = {
    all: all.flatMap((kind): readonly Registered<unknown>[] => [...kind]),
    members,
    services,
    purposes: codes(shelf, purposeLists, ({ purposes }) => purposes, 'purposes'),
    legalBases: codes(shelf, basisLists, ({ bases }) => bases, 'bases'),
    agreements,
  }
  memberReferences(documents, shelf.note)
  serviceReferences(documents, shelf.note)
  agreementReferences(documents, shelf.note)
  for (const one of signed) checkSignatures(one, documents, shelf)
  return documents
}

/** `addressed`: the member whose digest is the document's address, where it is not the whole. */
function read<T>(
  { parsed, note, crypto }: Shelf,
  kind: DocumentKind,
  reader: Reader<T>,
  addressed?: string,
): readonly Registered<T>[] {
  return parsed
    .filter((candidate) => candidate.kind === kind)
    .flatMap(({ file: { path }, value }) => {
      const document = reader(value, {
        pointer: '',
        note: (pointer, expected) => note(path, pointer, expected),
      })
      if (document === FAULTY) return []
      const text = canonicalJson(value)
      const hashed = addressed === undefined ? text : canonicalJson(memberOf(value, addressed))
      return [{ path, document, hash: crypto.sha256(hashed), text }]
    })
}

function memberOf(value: Json, name: string): Json {
  return isObject(value) ? (value[name] ?? null) : null
}

function unique<T, K>(
  { note }: Shelf,
  documents: readonly Registered<T>[],
  keyOf: (document: T) => K,
): ReadonlyMap<K, Registered<T>> {
  const byKey = new Map<K, Registered<T>>()
  for (const registered of documents) {
    const key = keyOf(registered.document)
    const other = byKey.get(key)
    if (other === undefined) byKey.set(key, registered)
    else note(registered.path, '', `an id that ${other.path} does not have`)
  }
  return byKey
}

function codes<L, Row extends { readonly code: string }>(
  { note }: Shelf,
  lists: readonly Registered<L>[],
  rowsOf: (list: L) => readonly Row[],
  name: string,
): ReadonlyMap<Row['code'], Row> {
  const rows = new Map<Row['code'], Row>()
  for (const { path, document } of lists) {
    for (const [index, row] of rowsOf(document).entries()) {
      if (rows.has(row.code))
        note(path, `/${name}/${String(index)}/code`, 'a code that no list has')
      rows.set(row.code, row)
    }
  }
  return rows
}

function inOrder(one: Parsed, other: Parsed): number {
  const kinds = DOCUMENT_KINDS.indexOf(one.kind) - DOCUMENT_KINDS.indexOf(other.kind)
  if (kinds !== 0) return kinds
  return one.file.path < other.file.path ? -1 : 1
}

function repeatedPaths(parsed: readonly Parsed[]): readonly Parsed[] {
  return parsed.filter(({ file }, index) => parsed[index - 1]?.file.path === file.path)
}
