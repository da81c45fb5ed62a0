/**
 * Every chain of a data folder, from the bytes of its journals and the pinned keys alone. Changes nothing, needs no
 * gateway, and may run while one is running.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ChainCheck } from '../../gateway/ledger/check-chain.ts'
import { LinkCheck } from '../../gateway/ledger/check-links.ts'
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import { noCounts } from '../../gateway/ledger/finding.ts'
import type { Counts, Finding } from '../../gateway/ledger/finding.ts'
import { EXCHANGE_KINDS, REGISTRY_KINDS } from '../../gateway/ledger/leaf.ts'
import { Pairing } from '../../gateway/ledger/pairing.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { PinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { rootOf } from '../../gateway/ledger/tree.ts'
import { nodeDisk } from './disk.ts'
import type { Disk } from './disk.ts'
import { chainFolder, exchangeFolders } from './folders.ts'
import { keysFile } from './keys-file.ts'
import { verifyJournal } from './verify-journal.ts'

export interface VerifyOptions {
  readonly data: string
  /** Milliseconds: intents whose deadline is later may still be open. */
  readonly now: number
  /** Text of the pinned keys; absent: `<data>/ledger/keys.txt`. */
  readonly keys?: string
  readonly disk?: Disk
  /** Waits until a frame that is being written now has been. */
  readonly settle?: () => Promise<void>
  readonly onProgress?: (counts: Readonly<Counts>) => void
}

export interface Verified {
  readonly findings: readonly Finding[]
  readonly counts: Counts
}

/** A gateway writes an outcome a little after the deadline at the latest. */
const GRACE_MS = 30_000
const PAUSE_MS = 30

/** Throws where the keys can't be read; whatever is wrong with the ledger is a finding. */
export async function verifyData(options: VerifyOptions): Promise<Verified> {
  const text = options.keys ?? fs.readFileSync(keysFile(options.data), 'utf8')
  const keys = parsePinnedKeys(text)
  if (keys.registry === undefined) {
    throw new RangeError('the keys name no registry: a line <instance>/registry+… is missing')
  }
  return new DataCheck(options, keys, keys.registry.name).run()
}

class DataCheck {
  readonly #options: VerifyOptions
  readonly #keys: PinnedKeys
  readonly #registry: string
  readonly #disk: Disk
  readonly #findings: Finding[] = []
  readonly #counts = noCounts()
  readonly #pairing = new Pairing()
  readonly #links: LinkCheck

  constructor(options: VerifyOptions, keys: PinnedKeys, registry: string) {
    this.#options = options
    this.#keys = keys
    this.#registry = registry
    this.#disk = options.disk ?? nodeDisk
    this.#links = new LinkCheck(registry, keys, (finding) => this.#findings.push(finding))
  }

  async run(): Promise<Verified> {
    const isWhole = await this.#readRegistry(this.#links, this.#findings, this.#counts)
    for (const chain of this.#links.geneses.keys()) await this.#exchange(chain)
    if (isWhole) await this.#secretsAndHeads()
    this.#openIntents()
    return { findings: this.#findings, counts: this.#counts }
  }

  async #readRegistry(links: LinkCheck, findings: Finding[], counts: Counts): Promise<boolean> {
    const check = this.#chainCheck(this.#registry, {
      kinds: REGISTRY_KINDS,
      twoPhase: true,
      counts,
      report: (finding) => findings.push(finding),
      visit: (kind, record, index) => links.registryEntry(kind, record, index),
      onRoot: (size, root) => links.registryRoot(size, root),
    })
    const isWhole = await this.#journal(this.#registry, check, { counts, findings, mayGrow: true })
    if (check.edge.size === 0 && isWhole) {
      findings.push({
        chain: this.#registry,
        kind: 'chain-missing',
        sentence: 'the registry is empty',
      })
    }
    return isWhole
  }

  async #exchange(chain: string): Promise<void> {
    const check = this.#chainCheck(chain, {
      kinds: EXCHANGE_KINDS,
      twoPhase: false,
      counts: this.#counts,
      report: (finding) => this.#findings.push(finding),
      visit: (kind, record, index) => this.#links.exchangeEntry(chain, { kind, record }, index),
      onRoot: () => undefined,
    })
    const isOver = this.#links.isOver(chain)
    const places = { counts: this.#counts, findings: this.#findings, mayGrow: !isOver }
    if (await this.#journal(chain, check, places)) {
      const { edge, sealed } = check
      this.#links.exchangeEnd(chain, { size: edge.size, root: rootOf(edge), sealed })
    } else this.#pairing.broken(chain)
  }

  #chainCheck(
    origin: string,
    its: {
      readonly kinds: readonly LeafKind[]
      readonly twoPhase: boolean
      readonly counts: Counts
      readonly report: (finding: Finding) => void
    } & Pick<ConstructorParameters<typeof ChainCheck>[0], 'visit' | 'onRoot'>,
  ): ChainCheck {
    return new ChainCheck({
      ...its,
      origin,
      key: this.#keys.forChain(origin),
      kinds: new Set(its.kinds),
      pairing: this.#pairing,
    })
  }

  #journal(
    origin: string,
    check: ChainCheck,
    { counts, findings, mayGrow }: { counts: Counts; findings: Finding[]; mayGrow: boolean },
  ): Promise<boolean> {
    counts.chains += 1
    const source = {
      disk: this.#disk,
      folder: chainFolder(this.#options.data, origin),
      origin,
      mayGrow,
      settle: this.#options.settle ?? (() => pause(PAUSE_MS)),
      counts,
      report: (finding: Finding) => findings.push(finding),
      onProgress: () => this.#options.onProgress?.(counts),
    }
    return verifyJournal(source, check)
  }

  /** The registry may have grown since it was read: what it did not know then is asked again of a second reading. */
  async #secretsAndHeads(): Promise<void> {
    const folders = exchangeFolders(this.#options.data)
    const isKnown = (folder: string): boolean =>
      [...this.#links.geneses.keys()].some(
        (chain) => chainFolder(this.#options.data, chain) === folder,
      )
    if (this.#links.hasUnknownHeads || !folders.every(isKnown)) {
      // What it finds wrong was reported the first time.
      const again = new LinkCheck(this.#registry, this.#keys, () => undefined)
      await this.#readRegistry(again, [], noCounts())
      this.#links.adopt(again)
    }
    this.#links.finish()
    for (const folder of folders.filter((each) => !isKnown(each))) {
      const sentence = `${path.relative(this.#options.data, folder)} holds a chain that the registry never opened`
      this.#findings.push({ chain: this.#registry, kind: 'chain-in-secret', sentence })
    }
  }

  #openIntents(): void {
    for (const { chain, deadline, index } of this.#pairing.left()) {
      if (deadline + GRACE_MS >= this.#options.now) {
        this.#counts.open += 1
        continue
      }
      const sentence = `its deadline has passed, and nothing says what became of it`
      this.#findings.push({ chain, kind: 'outcome-missing', first: index, last: index, sentence })
    }
  }
}
