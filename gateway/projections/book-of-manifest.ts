/** The rule book that a manifest names, read from the registry chain's own texts: nothing else is needed, or trusted. */
import { readDocuments } from '../../policies/documents/read-documents.ts'
import type { DocumentCrypto } from '../../policies/documents/documents.ts'
import { makeRuleBook } from '../../policies/rule-book.ts'
import type { RuleBook } from '../../policies/rule-book.ts'
import { ruleSetOfRecord } from '../../policies/rule-set.ts'
import type { Manifest, RegistryView } from './registry-view.ts'

/** Throws where the chain does not hold what the manifest names, or holds it damaged. */
export function bookOfManifest(
  manifest: Manifest,
  view: RegistryView,
  crypto: DocumentCrypto,
): RuleBook {
  const files = manifest.documents.map(({ id, hash }) => ({ path: id, text: view.text(hash) }))
  const read = readDocuments(files, crypto)
  if (read.kind === 'faulty') {
    const [first] = read.faults
    throw new Error(
      `registry: document ${first?.path ?? ''} at ${first?.pointer ?? ''}: expected ${first?.expected ?? ''}`,
    )
  }
  return makeRuleBook(read.documents, ruleSetOfRecord(view.text(manifest.rules), crypto.sha256))
}
