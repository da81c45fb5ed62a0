/** Whose data folder this is. */
import { existsSync, readFileSync } from 'node:fs'
import { keysFile } from '../../adapters/ledger-journal/keys-file.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { foldersOf } from '../config.ts'
import { logKey } from '../log-keys.ts'

/** From the name of its log key. */
export function ownGateway(data: string): GatewayId {
  const [, name = ''] =
    /^[^/]+\/exchange\/([^+]+)\+/m.exec(readFileSync(keysFile(data), 'utf8')) ?? []
  return GatewayId.parse(name)
}

/** Of a copy of a ledger, without its keys, nobody can say whose it was: it is taken for the registrar's. */
export function holdsKeys(data: string): boolean {
  return existsSync(foldersOf(data).keys)
}

/** Whether another process writes its registry, by the key that is pinned for it. Before the first start: no. */
export function followsRegistry(data: string): boolean {
  const pinned = keysFile(data)
  if (!existsSync(pinned)) return false
  const { registry } = parsePinnedKeys(readFileSync(pinned, 'utf8'), pinned)
  const file = `${foldersOf(data).keys}/registrar-log.key`
  if (registry === undefined || !existsSync(file)) return true
  return !Buffer.from(ed25519Signer(logKey(file, false)).publicKey).equals(registry.publicKey)
}
