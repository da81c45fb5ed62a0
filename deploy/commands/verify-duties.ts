/** The officers' part of `gongdao verify`: orders on record, and with `--key-store` the keys themselves. */
import type { Verified } from '../../gateway/console/verify.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { checkKeys, checkOrders, type KeyReport } from '../duties/check-duties.ts'

export interface VerifiedDuties extends Verified {
  readonly keyCounts?: KeyReport['counts'] | undefined
}

interface Asked {
  readonly data: string
  readonly tiles?: string
  readonly kafka?: string
  /** Text of the pinned keys. */
  readonly keys: string
  readonly keyStore: boolean
}

export async function withDuties(verified: Verified, asked: Asked): Promise<VerifiedDuties> {
  if (asked.tiles !== undefined || asked.kafka !== undefined) return verified
  const registry = parsePinnedKeys(asked.keys).registry?.name
  const orders = registry === undefined ? [] : checkOrders(asked.data, registry)
  const keys = asked.keyStore ? await checkKeys(asked.data) : undefined
  const findings = [...verified.findings, ...orders, ...(keys?.findings ?? [])]
  return { ...verified, findings, keyCounts: keys?.counts }
}

export function keysText(counts: KeyReport['counts'] | undefined): readonly string[] {
  if (counts === undefined) return []
  const { erased, lost, readable, undestroyed } = counts
  return [
    `${readable} keys are there, ${erased} erased by order, ${lost} lost, ${undestroyed} not destroyed though a leaf says so`,
  ]
}
