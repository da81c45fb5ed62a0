/**
 * Documents and rules at start: read all or nothing, the rules gated, both put on the registry chain and closed by a manifest. Gated
 * first, so that no manifest ever names rules that the gate refused.
 */
import { activate } from '../adapters/cedar-engine/activate.ts'
import { readDocumentsFolder } from '../adapters/documents-folder/read-folder.ts'
import { readRuleSet } from '../adapters/documents-folder/read-rule-set.ts'
import type { Chance, Clock } from '../gateway/ports/clock.ts'
import { printable } from '../gateway/ports/printable.ts'
import { InForce } from '../gateway/projections/in-force.ts'
import { documentCrypto } from '../gateway/registry/agreement-signatures.ts'
import { publish } from '../gateway/registry/publish.ts'
import type { Documents, Fault } from '../policies/documents/documents.ts'
import { makeRuleBook } from '../policies/rule-book.ts'
import { foldersOf, type GatewayConfig } from './config.ts'
import type { OpenedRegistry } from './open-registry.ts'

/** Every fault of every document, for the person who wrote them: a line each, though their places quote what stands there. */
export class DocumentsFaulty extends Error {
  override readonly name = 'DocumentsFaulty'
  readonly faults: readonly Fault[]
  constructor(faults: readonly Fault[]) {
    super(
      [
        `${String(faults.length)} fault(s) in the documents; none of them takes force:`,
        ...faults.map((fault) => `  ${printable(`${placeOf(fault)}: expected ${fault.expected}`)}`),
      ].join('\n'),
    )
    this.faults = faults
  }
}

function placeOf({ path, pointer, position }: Fault): string {
  if (position === undefined) return `${path} ${pointer}`
  return `${path} line ${String(position.line)}, column ${String(position.column)}`
}

export interface LawOptions {
  readonly clock: Clock
  /** Varies the inputs of the gate. */
  readonly chance: Chance
  readonly onGateProgress: (done: number, of: number) => void
}

export interface OpenedLaw {
  readonly inForce: () => InForce
  /**
   * Reads the documents again; throws `DocumentsFaulty`. They take force once the answer is called and resolves: false where nothing
   * had changed. The rules stay: they come with the program.
   */
  readAgain(): () => Promise<boolean>
}

export async function openLaw(
  config: GatewayConfig,
  registry: OpenedRegistry,
  options: LawOptions,
): Promise<OpenedLaw> {
  const folders = foldersOf(config.data)
  const first = readWhole(folders.documents)
  const rules = readRuleSet(documentCrypto.sha256)
  const activation = await activate(rules, {
    cacheDir: config.cache ?? folders.cache,
    seed: options.chance.bytes(4).readUInt32BE(),
    onProgress: options.onGateProgress,
  })
  if (activation.kind === 'refused') throw new Error(`the rules are refused: ${activation.why}`)
  const { engine, evaluate } = activation

  async function enact(documents: Documents): Promise<InForce> {
    const publication = { documents: documents.all, rules, engine }
    const manifest = await publish(registry, publication, registry.clock.now())
    const book = makeRuleBook(documents, rules)
    return new InForce({ manifest, registry: registry.chain.head().size, book, evaluate })
  }

  let inForce = await enact(first)
  return {
    inForce: () => inForce,
    readAgain() {
      const documents = readWhole(folders.documents)
      return async () => {
        const before = inForce.manifest
        const next = await enact(documents)
        if (next.manifest !== before) inForce = next
        return next.manifest !== before
      }
    },
  }
}

function readWhole(folder: string): Documents {
  const read = readDocumentsFolder(folder, documentCrypto)
  if (read.kind === 'faulty') throw new DocumentsFaulty(read.faults)
  return read.documents
}
