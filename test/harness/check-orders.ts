/** The orders on record in a data folder, judged as `gongdao verify` does. */
import { join } from 'node:path'
import { ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import { ordersOnRecord } from '../../deploy/duties/check-duties.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'

export function checkOrders(data: string, registry: string): readonly Finding[] {
  const { findings, take } = ordersOnRecord(registry)
  readChain({
    folder: join(ledgerFolder(data), 'registry'),
    origin: registry,
    twoPhase: true,
    visit: ({ index, leaf, record }) => {
      take(leaf.kind, record, index)
    },
  })
  return findings
}
