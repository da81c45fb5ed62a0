/**
 * `<data>/ledger/keys.txt`: the public keys that verifiers pin, written once at the first start. A verifier that takes its
 * job seriously keeps a copy of its own, from then: whoever can rewrite the journal could rewrite this file as well.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../adapters/certs-folder/durable-file.ts'
import { ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import { vkeyText } from '../gateway/ledger/note.ts'
import type { GatewayConfig } from './config.ts'

export function pinKeys(
  { data, instance, gateway }: GatewayConfig,
  keys: { readonly registrar: Uint8Array; readonly gateway: Uint8Array },
): void {
  const file = join(ledgerFolder(data), 'keys.txt')
  if (existsSync(file)) return
  const lines = [
    '# Public keys of this ledger, for gongdao verify and gongdao receipt. Keep a copy where its operator cannot write.',
    vkeyText(`${instance}/registry`, keys.registrar),
    vkeyText(`${instance}/exchange/${gateway}`, keys.gateway),
  ]
  replaceFile(file, `${lines.join('\n')}\n`, 0o644)
}
