/** What the registry of a ledger says that an archive keeps in a form of its own. */
import { join } from 'node:path'
import { ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import type { PieceRecord } from '../../gateway/ledger/registry-events.ts'
import { PieceJoiner } from '../../gateway/projections/piece-joiner.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { NoLedger, originOf } from '../read-ledger.ts'

export interface LedgerTexts {
  readonly instance: string
  readonly engine: { readonly name: string; readonly version: string }
  /** `texts/<kind>/<digest>`: documents and rules as they were written, revocation lists in base64 of their DER. */
  readonly files: readonly { readonly path: string; readonly bytes: Buffer }[]
  readonly view: RegistryView
}

const TEXTS: ReadonlySet<LeafKind> = new Set<LeafKind>(['document', 'rules', 'revocations'])

/** Throws `NoLedger`. */
export function readTexts(data: string): LedgerTexts {
  const folder = join(ledgerFolder(data), 'registry')
  const origin = originOf(folder)
  if (origin === undefined) throw new NoLedger(`${data} holds no ledger: name another with --data.`)
  const view = new RegistryView()
  const joiner = new PieceJoiner()
  const files: { path: string; bytes: Buffer }[] = []
  readChain({
    folder,
    origin,
    twoPhase: true,
    visit: ({ index, leaf, record }) => {
      const content: unknown = JSON.parse(record)
      view.take(index, leaf.kind, content)
      const whole = TEXTS.has(leaf.kind) ? joiner.take(content as PieceRecord) : undefined
      if (whole === undefined) return
      files.push({ path: `texts/${leaf.kind}/${whole.hash}`, bytes: Buffer.from(whole.text) })
    },
  })
  const engine = view.newest()?.engine ?? { name: 'none', version: '0' }
  return { instance: origin.split('/')[0] ?? '', engine, files, view }
}
