/** What `gongdao verify` finds about orders and keys: forged orders, keys lost without a leaf, erasures that were not finished. */
import { OrderCheck } from '../../gateway/erasure/check-orders.ts'
import type { ChainCheckOptions } from '../../gateway/ledger/check-chain.ts'
import { readabilityOf } from '../../gateway/erasure/readability.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { readLedger } from '../read-ledger.ts'
import { askDuties } from './ask-duties.ts'
import { ownGateway } from './own-gateway.ts'

export interface KeyReport {
  readonly findings: readonly Finding[]
  /** Of the keys that the chains need: a person's pseudonym, or an exchange about nobody. */
  readonly counts: Readonly<Record<'readable' | 'erased' | 'lost' | 'undestroyed', number>>
}

export interface OrdersOnRecord {
  readonly findings: readonly Finding[]
  readonly take: ChainCheckOptions['visit']
}

/** Every order on record, as a verifier reads them: signed by two people whom the registry knew. */
export function ordersOnRecord(registry: string): OrdersOnRecord {
  const findings: Finding[] = []
  const check = new OrderCheck()
  return {
    findings,
    take(kind, record, index) {
      const sentence = check.take(index, kind, JSON.parse(record))
      if (sentence === undefined) return
      findings.push({ chain: registry, kind: 'order-wrong', first: index, last: index, sentence })
    },
  }
}

interface Needed {
  readonly chain: string
  readonly index: number
}

/** Asked of the running gateway, or of the key store itself where none runs; no key leaves it. */
export async function checkKeys(data: string): Promise<KeyReport> {
  const { exchangeLeaves, view } = readLedger(data)
  const subjects = new Map<string, Needed>()
  const exchanges = new Map<string, Needed>()
  exchangeLeaves(({ chain, index, kind, record }) => {
    if (kind !== 'intent' && kind !== 'denial') return
    const { exchange, subject } = record as DecisionRecord
    const needed = subject === undefined ? exchanges : subjects
    const name = subject ?? exchange
    if (!needed.has(name)) needed.set(name, { chain, index })
  })
  const gateway = ownGateway(data)
  const known = await knownOf(data, [...subjects.keys()], [...exchanges.keys()])
  const counts = { readable: 0, erased: 0, lost: 0, undestroyed: 0 }
  const findings: Finding[] = []
  for (const [name, { chain, index }] of [...subjects, ...exchanges]) {
    const isErased = view.duties.erasureOf(gateway, name) !== undefined
    const found = readabilityOf({ hasRecord: true, hasKey: known.has(name), isErased })
    if (found === 'missing') continue
    counts[found] += 1
    const kind = found === 'lost' ? 'key-lost' : 'key-undestroyed'
    if (found === 'readable' || found === 'erased') continue
    findings.push({ chain, kind, first: index, last: index, sentence: SENTENCES[found] })
  }
  return { counts, findings }
}

const SENTENCES = {
  lost: 'the key to its sealed details is gone, and no erasure leaf says why',
  undestroyed: 'an erasure leaf says that its key is destroyed, and the key store still has it',
} as const

/** In pieces that the door takes. */
const ASKED_AT_ONCE = 200_000

async function knownOf(
  data: string,
  subjects: readonly string[],
  exchanges: readonly string[],
): Promise<ReadonlySet<string>> {
  const known = new Set<string>()
  for (let at = 0; at < Math.max(subjects.length, exchanges.length); at += ASKED_AT_ONCE) {
    const piece = [at, at + ASKED_AT_ONCE] as const
    const [some, others] = [subjects.slice(...piece), exchanges.slice(...piece)]
    const outcome = await askDuties(data, { ask: 'known', subjects: some, exchanges: others })
    for (const name of outcome.kind === 'known' ? outcome.names : []) known.add(name)
  }
  return known
}
