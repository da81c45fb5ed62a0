/** The key store's part of `gongdao verify --key-store`. */
import type { Verified } from '../../gateway/console/verify.ts'
import { checkKeys, type KeyReport } from '../duties/check-duties.ts'

export interface VerifiedDuties extends Verified {
  readonly keyCounts?: KeyReport['counts'] | undefined
}

interface Asked {
  readonly data: string
  readonly tiles?: string
  readonly kafka?: string
  readonly keyStore: boolean
}

export async function withDuties(verified: Verified, asked: Asked): Promise<VerifiedDuties> {
  if (asked.tiles !== undefined || asked.kafka !== undefined) return verified
  const keys = asked.keyStore ? await checkKeys(asked.data) : undefined
  const findings = [...verified.findings, ...(keys?.findings ?? [])]
  return { ...verified, findings, keyCounts: keys?.counts }
}

export function keysText(counts: KeyReport['counts'] | undefined): readonly string[] {
  if (counts === undefined) return []
  const { erased, lost, readable, undestroyed } = counts
  return [
    `${readable} keys are there, ${erased} erased by order, ${lost} lost, ${undestroyed} not destroyed though a leaf says so`,
  ]
}
