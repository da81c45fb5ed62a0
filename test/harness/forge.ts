/** What an operator with all keys could do: a chain written anew with other records, every signature good. */
import { readFileSync, rmSync } from 'node:fs'
import { createPrivateKey } from 'node:crypto'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { openJournal } from '../../adapters/ledger-journal/open.ts'
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import { openChain } from '../../gateway/ledger/chain.ts'
import type { Entry } from '../../gateway/ledger/entry.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import { canonicalJson, type JsonObject } from '../../policies/canonical-json.ts'

/** `change` gets each record and answers the one that stands there from now on. */
export async function forgeChain(
  data: string,
  origin: string,
  change: (record: JsonObject, kind: string, index: number) => JsonObject,
): Promise<void> {
  const twoPhase = origin.endsWith('/registry')
  const folder = chainFolder(data, origin)
  const entries: Entry[] = []
  readChain({
    folder,
    origin,
    twoPhase,
    visit: ({ index, leaf, record }) => {
      const changed = change(JSON.parse(record) as JsonObject, leaf.kind, index)
      const { kind, public: commitment } = leaf
      const text = canonicalJson(changed)
      entries.push({ kind, record: text, ...(commitment && { public: commitment }) })
    },
  })
  rmSync(folder, { recursive: true })
  const owner = twoPhase ? 'registrar' : 'gateway'
  const signer = ed25519Signer(createPrivateKey(readFileSync(`${data}/keys/${owner}-log.key`)))
  const { edge, storage } = await openJournal({ folder, origin, signer, twoPhase })
  const onFatal = (fault: Error): never => {
    throw fault
  }
  const chain = openChain({ origin, signer, storage, edge, twoPhase, onFatal })
  await Promise.all(entries.map((entry) => chain.append(entry)))
  await chain.close()
}
