/**
 * Documents and rules of a gateway that follows another's registry: those that the newest manifest names, no file of its own. The rules
 * come with the program: a manifest that names others than the program has is not obeyed.
 */
import { activate } from '../adapters/cedar-engine/activate.ts'
import { readRuleSet } from '../adapters/documents-folder/read-rule-set.ts'
import { InForce } from '../gateway/projections/in-force.ts'
import { documentCrypto } from '../gateway/registry/agreement-signatures.ts'
import { readDocuments } from '../policies/documents/read-documents.ts'
import { makeRuleBook } from '../policies/rule-book.ts'
import { foldersOf, type GatewayConfig } from './config.ts'
import type { OpenedFollowedRegistry } from './open-followed-registry.ts'
import { DocumentsFaulty, type LawOptions, type OpenedLaw } from './open-law.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

export async function followLaw(
  config: GatewayConfig,
  registry: OpenedFollowedRegistry,
  options: LawOptions & { readonly report: Report },
): Promise<OpenedLaw> {
  const rules = readRuleSet(documentCrypto.sha256)
  const activation = await activate(rules, {
    cacheDir: config.cache ?? foldersOf(config.data).cache,
    seed: options.chance.bytes(4).readUInt32BE(),
    onProgress: options.onGateProgress,
  })
  if (activation.kind === 'refused') throw new Error(`the rules are refused: ${activation.why}`)
  const { evaluate } = activation

  function obey(): InForce {
    const { view } = registry
    const manifest = view.newest()
    if (manifest === undefined) throw new Error('the registrar has put nothing in force yet')
    if (manifest.rules !== rules.hash) {
      throw new Error('the registry has other rules in force than this program: install the same')
    }
    const files = manifest.documents.map(({ hash, id }) => ({
      path: id,
      text: view.texts.get(hash) ?? '',
    }))
    const read = readDocuments(files, documentCrypto)
    if (read.kind === 'faulty') throw new DocumentsFaulty(read.faults)
    const book = makeRuleBook(read.documents, rules)
    const { size } = registry.chain.head()
    return new InForce({ manifest: manifest.index, registry: size, book, evaluate })
  }

  let inForce = obey()
  registry.onManifest(() => {
    try {
      inForce = obey()
    } catch (fault) {
      options.report(`a new manifest is not obeyed: ${fault instanceof Error ? fault.message : ''}`)
    }
  })
  return {
    inForce: () => inForce,
    readAgain: () => async () => {
      const before = inForce.manifest
      await registry.follow()
      return inForce.manifest !== before
    },
  }
}
