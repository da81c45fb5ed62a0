import { readFileSync } from 'node:fs'
import { keysFile } from '../../adapters/ledger-journal/keys-file.ts'
import { GatewayId } from '../../policies/vocabulary.ts'

/** Whose data folder this is, from the name of its log key. */
export function ownGateway(data: string): GatewayId {
  const [, name = ''] =
    /^[^/]+\/exchange\/([^+]+)\+/m.exec(readFileSync(keysFile(data), 'utf8')) ?? []
  return GatewayId.parse(name)
}
