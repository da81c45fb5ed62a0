/** Who signs the archive of a data folder: the registrar where it writes the registry, the gateway itself where it follows one. */
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import { foldersOf } from '../config.ts'
import { ownGateway } from '../duties/own-gateway.ts'
import { logKey } from '../log-keys.ts'
import type { TakeArchive } from './take-archive.ts'

/** `keys`: text of the pinned keys. Throws where the key is gone. */
export function archiveSigner(data: string, keys: string): Pick<TakeArchive, 'gateway' | 'signer'> {
  const folder = foldersOf(data).keys
  const registrar = ed25519Signer(logKey(`${folder}/registrar-log.key`, false))
  const pinned = parsePinnedKeys(keys).registry?.publicKey
  if (pinned !== undefined && Buffer.from(pinned).equals(registrar.publicKey)) {
    return { signer: registrar }
  }
  const signer = ed25519Signer(logKey(`${folder}/gateway-log.key`, false))
  return { gateway: ownGateway(data), signer }
}
