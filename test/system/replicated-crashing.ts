/** What must stand in Kafka when a gateway was killed, and when its successor has recovered; for the test and the campaign. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Asked } from '../../deploy/demo/ask.ts'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'
import { verifyLedger } from '../../deploy/verify-ledger.ts'
import { parseCheckpoint, parseNote } from '../../gateway/ledger/note.ts'
import { parseProof } from '../../gateway/ledger/tlog-proof.ts'
import type { TestKafka } from '../harness/kafka-broker.ts'
import { leavesOf, sectionFor, storedOn } from '../harness/replication.ts'
import { headerOf, type System } from '../harness/system.ts'

/** Before anybody recovers, as if the data folder were lost with the machine: whoever has a receipt finds the leaf in Kafka. */
export async function missingInKafka(
  kafka: TestKafka,
  prefix: string,
  replies: readonly Asked[],
): Promise<readonly string[]> {
  const messages = await storedOn(kafka, prefix, 'exchange')
  const sizes = new Map<string, number>()
  return replies.flatMap((reply) => {
    const proof = parseProof(Buffer.from(headerOf(reply, 'exchange-receipt'), 'base64').toString())
    const origin = parseCheckpoint(parseNote(proof?.note ?? '')?.text ?? '')?.origin
    if (proof === undefined || origin === undefined) return []
    const size = sizes.get(origin) ?? leavesOf(messages, origin)
    sizes.set(origin, size)
    return proof.index < size ? [] : [`${origin}: leaf ${String(proof.index)} is not in Kafka`]
  })
}

/** After a clean stop: what `gongdao verify --kafka` finds, and what the journal finds that Kafka does not have. */
export async function verifiedInKafka(
  system: System,
  kafka: TestKafka,
  section: ReplicationConfig,
): Promise<readonly string[]> {
  const file = join(system.data, 'kafka.json')
  const auditor = sectionFor(kafka, section.prefix, { reader: auditorOf(kafka) })
  writeFileSync(file, JSON.stringify({ replication: auditor }))
  const keys = readFileSync(join(system.data, 'ledger/keys.txt'), 'utf8')
  const options = { data: system.data, keys, now: Date.now(), threads: 1 }
  const inKafka = await verifyLedger({ ...options, kafka: file })
  const inJournal = await verifyLedger(options)
  const faults = inKafka.findings.map(
    ({ chain, kind, sentence }) => `${chain}: ${kind}: ${sentence}`,
  )
  if (inKafka.counts.leaves === inJournal.counts.leaves) return faults
  const { leaves } = inKafka.counts
  return [...faults, `${String(leaves)} of ${String(inJournal.counts.leaves)} leaves are in Kafka`]
}

function auditorOf({ access }: TestKafka): ReplicationConfig['reader'] {
  const { ca, cert, key } = access.files('auditor')
  return { ca, certificate: cert, key }
}
