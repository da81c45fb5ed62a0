/** What an operator with every key of a gateway can do to its chains. Each signature is good; that is the point. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { chainFolder } from '../../../adapters/ledger-journal/folders.ts'
import { openJournal } from '../../../adapters/ledger-journal/open.ts'
import { readChain } from '../../../adapters/ledger-journal/read-chain.ts'
import { openChain } from '../../../gateway/ledger/chain.ts'
import type { Entry } from '../../../gateway/ledger/entry.ts'
import { buildReceiptHeader } from '../../../gateway/ledger/receipt.ts'
import { ed25519Signer } from '../../../gateway/ledger/signer.ts'
import { foldersOf } from '../../config.ts'
import type { ProvingArchive } from '../../open-witnessing.ts'

export interface Forged {
  readonly origin: string
  /** For each leaf, the receipt that a department would get. */
  readonly receipts: readonly string[]
  readonly archive: ProvingArchive
}

export function entriesOf(data: string, origin: string): Entry[] {
  const entries: Entry[] = []
  readChain({
    folder: chainFolder(data, origin),
    origin,
    twoPhase: false,
    visit: ({ leaf, record }) => {
      const { kind, public: row } = leaf
      entries.push({ kind, record, finishes: true, ...(row !== undefined && { public: row }) })
    },
  })
  return entries
}

/** An exchange chain from its first leaf on, in place of what was there. */
export async function writeAnew(
  data: string,
  origin: string,
  entries: readonly Entry[],
): Promise<Forged> {
  const folder = chainFolder(data, origin)
  rmSync(folder, { recursive: true, force: true })
  const key = readFileSync(`${foldersOf(data).keys}/gateway-log.key`)
  const signer = ed25519Signer(createPrivateKey(key))
  const { archive, edge, storage } = await openJournal({ folder, origin, signer, twoPhase: false })
  const onFatal = (fault: Error): never => {
    throw fault
  }
  const onDurable = archive.keep
  const chain = openChain({ origin, signer, storage, edge, twoPhase: false, onDurable, onFatal })
  const receipts: string[] = []
  for (const entry of entries) {
    const recorded = await chain.append(entry)
    receipts.push(buildReceiptHeader(recorded, { recordText: entry.record }))
  }
  await chain.close()
  return { origin, receipts, archive }
}
