/** What a pruning must know of a ledger: which chains have ended, where that stands, and which intents still wait for their outcome. */
import { join } from 'node:path'
import { ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import { OpenIntents } from '../../gateway/exchange/recover-outcomes.ts'
import { chainsOver } from '../../gateway/erasure/record-pruning.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import type { ClosureRecord } from '../../gateway/ledger/registry-events.ts'
import { ownGateway } from '../duties/own-gateway.ts'
import { NoLedger, originOf, type LedgerReader } from '../read-ledger.ts'

export interface Prunable {
  readonly registry: string
  /** Of this gateway, ended and read no more, oldest first. */
  readonly chains: readonly string[]
  /** By chain: index of its closure in the registry. */
  readonly closures: ReadonlyMap<string, number>
  readonly isOpen: (chain: string, index: number) => boolean
  /** Every pseudonym that stands in a chain, each once. */
  readonly subjects: readonly string[]
}

export function readPrunable(data: string, { exchangeLeaves, view }: LedgerReader): Prunable {
  const folder = join(ledgerFolder(data), 'registry')
  const registry = originOf(folder)
  if (registry === undefined) throw new NoLedger(`${data} holds no ledger.`)
  const closures = new Map<string, number>()
  readChain({
    folder,
    origin: registry,
    twoPhase: true,
    visit: ({ index, leaf, record }) => {
      if (leaf.kind === 'closure') closures.set((JSON.parse(record) as ClosureRecord).chain, index)
    },
  })
  const open = new OpenIntents()
  const subjects = new Set<string>()
  exchangeLeaves(({ chain, index, kind, record }) => {
    open.take(chain, index, kind, record)
    const { subject } = record as Partial<DecisionRecord>
    if (subject !== undefined) subjects.add(subject)
  })
  const waiting = new Set(open.all().map(({ chain, index }) => `${String(index)} ${chain}`))
  return {
    registry,
    chains: chainsOver(ownGateway(data), view),
    closures,
    subjects: [...subjects],
    isOpen: (chain, index) => waiting.has(`${String(index)} ${chain}`),
  }
}
