/** `<data>/ledger/proofs/`: what convicts whoever wrote under our name; or, where it proves no fork, what was found. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../adapters/certs-folder/durable-file.ts'
import { CommitReader } from '../adapters/ledger-journal/commit-reader.ts'
import { chainFolder, ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import { digestOf } from '../gateway/ledger/hash.ts'
import type { LogSigner } from '../gateway/ledger/signer.ts'
import type { Divergence } from '../gateway/replication/followed-chain.ts'
import {
  forkProof,
  isSignedBy,
  judgeNote,
  type OwnCommits,
} from '../gateway/replication/fork-proof.ts'
import type { ReplicationParts } from '../gateway/replication/replication.ts'

export type OwnSigners = Readonly<Record<'registrar' | 'gateway', LogSigner>>

/** Whose a chain is, and whose signature stands under what is found. */
export function judging(
  signers: OwnSigners,
  ours: OwnCommits & Pick<ReplicationParts, 'isOwn'>,
): Pick<ReplicationParts, 'isOwn' | 'isSigned' | 'judgeNote'> {
  return {
    isOwn: (origin) => ours.isOwn(origin),
    isSigned: ({ chain, theirs }) =>
      theirs !== undefined && isSignedBy(chain, theirs, { ours, publicKey: keyOf(chain, signers) }),
    judgeNote: (chain, note) => judgeNote(chain, note, { ours, publicKey: keyOf(chain, signers) }),
  }
}

/** Answers the file; undefined where nothing that they wrote can be kept. */
export function keepForkProof(
  data: string,
  { chain, index, notes, theirs, why }: Divergence,
  own: { readonly size: number; readonly signers: OwnSigners },
): string | undefined {
  // Two checkpoints of one size, each with the chain's own signature, need no more.
  if (notes !== undefined) return keep(data, why, { chain, index, why, ...notes })
  if (theirs === undefined) return undefined
  const publicKey = keyOf(chain, own.signers)
  const folder = chainFolder(data, chain)
  const journal = new CommitReader({ folder, origin: chain })
  const proof = existsSync(folder)
    ? forkProof({ origin: chain, size: own.size, publicKey, journal }, theirs)
    : undefined
  const commit = { ...theirs, payload: theirs.payload.toString('base64') }
  const kind = proof === undefined ? why : 'fork'
  return keep(data, kind, proof ?? { chain, index, why, theirs: commit })
}

function keep(data: string, kind: string, found: object): string {
  const text = `${JSON.stringify(found, null, 2)}\n`
  const proofs = join(ledgerFolder(data), 'proofs')
  mkdirSync(proofs, { recursive: true })
  const file = join(proofs, `${kind}-${digestOf(text)}.json`)
  replaceFile(file, text, 0o644)
  return file
}

function keyOf(chain: string, { gateway, registrar }: OwnSigners): Uint8Array {
  return (chain.endsWith('/registry') ? registrar : gateway).publicKey
}
