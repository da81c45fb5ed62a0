/**
 * Documents and rules of a gateway that follows another's registry: those that the newest manifest names, no file of its own. The rules
 * come with the program: a manifest that names others than the program has is not obeyed.
 */
import { activate } from '../adapters/cedar-engine/activate.ts'
import { readRuleSet } from '../adapters/documents-folder/read-rule-set.ts'
import { InForce } from '../gateway/projections/in-force.ts'
import { documentCrypto } from '../gateway/registry/agreement-signatures.ts'
import { readDocuments } from '../policies/documents/read-documents.ts'
import { makeRuleBook, type RuleBook } from '../policies/rule-book.ts'
import type { RuleSet } from '../policies/rule-set.ts'
import { foldersOf, type GatewayConfig } from './config.ts'
import type { OpenedFollowedRegistry } from './open-followed-registry.ts'
import { DocumentsFaulty, type LawOptions, type OpenedLaw } from './open-law.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

export async function followLaw(
  config: GatewayConfig,
  registry: OpenedFollowedRegistry,
  options: LawOptions & { readonly report: Report },
): Promise<OpenedLaw & { readonly trouble: () => string | undefined }> {
  const rules = readRuleSet(documentCrypto.sha256)
  const activation = await activate(rules, {
    cacheDir: config.cache ?? foldersOf(config.data).cache,
    seed: options.chance.bytes(4).readUInt32BE(),
    onProgress: options.onGateProgress,
  })
  if (activation.kind === 'refused') throw new Error(`the rules are refused: ${activation.why}`)
  const { evaluate } = activation

  const obey = (): InForce => {
    const { index, book } = bookInForce(registry, rules)
    const { size } = registry.chain.head()
    return new InForce({ manifest: index, registry: size, book, evaluate })
  }

  let inForce = obey()
  let trouble: string | undefined
  registry.onManifest(() => {
    try {
      inForce = obey()
      trouble = undefined
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : 'a thrown value'
      trouble = `a new manifest is not obeyed: ${why}`
      options.report(trouble)
    }
  })
  return {
    trouble: () => trouble,
    inForce: () => inForce,
    readAgain: () => async () => {
      const before = inForce.manifest
      await registry.follow()
      return inForce.manifest !== before
    },
  }
}

/** What the newest manifest names, as it stands in the registry. Throws where it can't be obeyed. */
function bookInForce(
  { view }: OpenedFollowedRegistry,
  rules: RuleSet,
): { readonly index: number; readonly book: RuleBook } {
  const manifest = view.newest()
  if (manifest === undefined) throw new Error('the registrar has put nothing in force yet')
  if (manifest.rules !== rules.hash) {
    throw new Error('the registry has other rules in force than this program: install the same')
  }
  const files = manifest.documents.map(({ hash, id }) => {
    const text = view.texts.get(hash) ?? ''
    if (documentCrypto.sha256(text) !== hash) {
      throw new Error(`${id} is not on record under the digest that the manifest names`)
    }
    return { path: id, text }
  })
  const read = readDocuments(files, documentCrypto)
  if (read.kind === 'faulty') throw new DocumentsFaulty(read.faults)
  return { index: manifest.index, book: makeRuleBook(read.documents, rules) }
}
