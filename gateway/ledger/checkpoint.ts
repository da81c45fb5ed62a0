/** C2SP tlog-checkpoint, written: origin, size, root, and one signature by the key of the same name. */
import { base64OfTreeHash } from './hash.ts'
import type { TreeHash } from './hash.ts'
import { ED25519, keyId } from './signer.ts'
import type { LogSigner } from './signer.ts'

/** What a log signs: ends with a newline, without the blank line. */
export function checkpointText(origin: string, size: number, root: TreeHash): string {
  return `${origin}\n${size}\n${base64OfTreeHash(root)}\n`
}

/** Signs checkpoints of one chain, as signed notes. */
export function checkpointWriter(
  origin: string,
  signer: LogSigner,
): (size: number, root: TreeHash) => string {
  const id = keyId(origin, ED25519, signer.publicKey)
  const blob = Buffer.alloc(id.length + 64)
  blob.set(id)
  return (size, root) => {
    const text = checkpointText(origin, size, root)
    blob.set(signer.sign(Buffer.from(text)), id.length)
    return `${text}\n\u2014 ${origin} ${blob.toString('base64')}\n`
  }
}
