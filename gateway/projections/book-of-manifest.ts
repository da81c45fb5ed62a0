/** The rule book that a manifest names, read from the registry chain's own texts: nothing else is needed, or trusted. */
import { readDocuments } from '../../policies/documents/read-documents.ts'
import type { DocumentCrypto } from '../../policies/documents/documents.ts'
import { makeRuleBook } from '../../policies/rule-book.ts'
import type { RuleBook } from '../../policies/rule-book.ts'
import { ruleSetOfRecord } from '../../policies/rule-set.ts'
import type { Digest } from '../../policies/vocabulary.ts'
import type { Manifest, RegistryView } from './registry-view.ts'

/** The chain does not hold what the manifest names, or holds it damaged. */
export class ManifestUnreadable extends Error {
  override readonly name = 'ManifestUnreadable'
}

/** Throws `ManifestUnreadable`. */
export function bookOfManifest(
  manifest: Manifest,
  view: RegistryView,
  crypto: DocumentCrypto,
): RuleBook {
  const textOf = (hash: Digest, id: string): string => {
    const text = view.texts.get(hash)
    // A leaf only claims that its text has this digest.
    if (text === undefined || crypto.sha256(text) !== hash) {
      throw new ManifestUnreadable(
        `registry: manifest ${String(manifest.number)} names ${id}, which the chain does not hold`,
      )
    }
    return text
  }
  const files = manifest.documents.map(({ id, hash }) => ({ path: id, text: textOf(hash, id) }))
  const rules = textOf(manifest.rules, 'rules')
  const read = readDocuments(files, crypto)
  if (read.kind === 'faulty') {
    const [first] = read.faults
    throw new ManifestUnreadable(
      `registry: document ${first?.path ?? ''} at ${first?.pointer ?? ''}: expected ${first?.expected ?? ''}`,
    )
  }
  return makeRuleBook(read.documents, ruleSetOfRecord(rules, crypto.sha256))
}
