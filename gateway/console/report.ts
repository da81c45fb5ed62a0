/** Findings in the order in which they were made; leaves one behind the other that lack the same are one range. */
import type { Finding } from '../ledger/finding.ts'
import type { ChainSource } from '../ports/chain-source.ts'

type ReadFrom = Pick<ChainSource, 'mayLag' | 'registryMayLag'>

export class Report {
  readonly #findings: Finding[] = []
  readonly #mayLag: (chain: string) => boolean

  /** Of what came behind the original, nobody is accused of what is missing at its end. */
  constructor({ mayLag, registryMayLag }: ReadFrom, registry: string) {
    this.#mayLag = (chain) => mayLag === true || (registryMayLag === true && chain === registry)
  }

  get findings(): readonly Finding[] {
    return this.#findings
  }

  readonly add = ({ isAtEnd, ...told }: Finding): void => {
    const finding: Finding =
      isAtEnd === true && this.#mayLag(told.chain) ? { ...told, kind: 'behind' } : told
    const before = this.#findings.at(-1)
    if (before !== undefined && continues(before, finding)) {
      this.#findings[this.#findings.length - 1] = {
        ...before,
        ...(finding.last !== undefined && { last: finding.last }),
      }
    } else this.#findings.push(finding)
  }
}

function continues(before: Finding, next: Finding): boolean {
  return (
    next.kind === 'record-missing' &&
    before.kind === next.kind &&
    before.chain === next.chain &&
    before.last !== undefined &&
    next.first === before.last + 1
  )
}
