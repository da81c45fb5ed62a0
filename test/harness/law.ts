/** The documents of the demonstration, signed with throw-away keys, and the real rules, in force without the gate. */
import { createPrivateKey, hash, type KeyObject } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { prepare } from '../../adapters/cedar-engine/gate.ts'
import { readFolder } from '../../adapters/documents-folder/read-folder.ts'
import { readRuleSet } from '../../adapters/documents-folder/read-rule-set.ts'
import { InForce } from '../../gateway/projections/in-force.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { signTemplates } from '../policies/sign-templates.ts'
import type { JsonObject } from '../../policies/canonical-json.ts'
import type { Evaluate } from '../../policies/cedar-input.ts'
import { compileRules } from '../../policies/closures.ts'
import { readDocuments } from '../../policies/documents/read-documents.ts'
import { makeRuleBook } from '../../policies/rule-book.ts'
import type { RuleSet } from '../../policies/rule-set.ts'
import type { MemberId } from '../../policies/vocabulary.ts'

export interface LawChange {
  /** Each document as it stands in the folder, before it is signed; undefined leaves it out. */
  readonly document?: (path: string, document: JsonObject) => JsonObject | undefined
  readonly manifest?: number
  readonly registry?: number
}

/** Throws where a changed document is not valid any more. */
export function makeInForce(change: LawChange = {}): InForce {
  const changed = change.document ?? unchanged
  const files = TEMPLATES.flatMap(({ path, text }) => {
    const document = changed(path, JSON.parse(text) as JsonObject)
    return document === undefined ? [] : [{ path, text: JSON.stringify(document) }]
  })
  const read = readDocuments(signTemplates(files, keyOf), documentCrypto)
  if (read.kind === 'faulty') throw new Error(JSON.stringify(read.faults, undefined, 2))
  const { rules, evaluate } = theRules()
  return new InForce({
    manifest: change.manifest ?? 40,
    registry: change.registry ?? 42,
    book: makeRuleBook(read.documents, rules),
    evaluate,
  })
}

const TEMPLATES = readFolder(
  fileURLToPath(new URL('../../deploy/demo/documents/', import.meta.url)),
).files

let prepared: { readonly rules: RuleSet; readonly evaluate: Evaluate } | undefined

function theRules(): { readonly rules: RuleSet; readonly evaluate: Evaluate } {
  if (prepared !== undefined) return prepared
  const rules = readRuleSet(documentCrypto.sha256)
  const found = prepare(rules, compileRules)
  if (found.kind === 'refused') throw new Error(found.why)
  prepared = { rules, evaluate: found.evaluate }
  return prepared
}

function unchanged(_path: string, document: JsonObject): JsonObject {
  return document
}

/** The same key for the same member, each time. */
function keyOf(member: MemberId): KeyObject {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const der = Buffer.concat([prefix, hash('sha256', member, 'buffer')])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}
