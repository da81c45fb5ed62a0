/** L13: nobody who was asked about stands in a ledger or at the log server, however spelled. */
import { spellings } from '../harness/canary-search.ts'
import { Broken } from './observed.ts'
import type { SimGateway } from './sim-gateway.ts'

/** Of `test/harness/calls.ts`: persons, and a document number. */
const PLANTED = ['A000000018', 'A300000014', 'F300000037', 'DEMO-0001'].flatMap((value) =>
  [...spellings(value)].map(([how, bytes]) => ({ value, how, bytes })),
)

export function checkSecrets({ broker, disk }: SimGateway): void {
  for (const file of disk.files()) look(file, disk.readLoosely(file))
  for (const topic of ['registry', 'exchange', 'checkpoints'] as const) {
    for (const { key = '', value } of broker.stored({ topic, partition: 0 })) {
      look(`a message on ${topic}`, value && Buffer.concat([Buffer.from(key), value]))
    }
  }
}

function look(where: string, content: Buffer | undefined): void {
  const found = content && PLANTED.find(({ bytes }) => content.includes(bytes))
  if (found !== undefined)
    throw new Broken('L13', `${found.value} stands in ${where} (${found.how})`)
}
