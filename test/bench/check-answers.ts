/**
 * Before anything is measured: does each variant do its work? A proxy that is fast because it answers something else would
 * win every row.
 */
import { readFileSync } from 'node:fs'
import { ask } from '../../deploy/demo/ask.ts'
import type { Asked } from '../../deploy/demo/ask.ts'
import { bodies, keptObjectFields, keptRecordFields, requestBody } from './bodies.ts'
import type { BenchBody } from './bodies.ts'
import { CONSUMER, SERVICE } from './documents.ts'
import { RECEIPT_LENGTH } from './gateway-config.ts'
import type { Running, VariantName } from './variants.ts'
import { syntheticSubjects, type BenchWorld } from './world.ts'

const MOST_OFF = 0.2

export async function checkAnswers(
  running: ReadonlyMap<VariantName, Running>,
  world: BenchWorld,
): Promise<void> {
  const [subject = ''] = syntheticSubjects(1)
  for (const [name, { port }] of running) {
    for (const body of bodies()) {
      const answer = await askOnce(port, world, `${body.path}?id=${subject}`)
      const fault =
        name === 'gateway' ? faultOfGateway(answer) : faultOfProxy(answer, body, subject)
      if (fault !== undefined) throw new Error(`${name} does not do its work: ${fault}`)
    }
  }
}

/** When all is measured: were the receipts that the ends alone carried as long as the gateway's? */
export async function checkReceipts(gateway: Running, world: BenchWorld): Promise<void> {
  const [subject = ''] = syntheticSubjects(1)
  const [body] = bodies()
  const { headers } = await askOnce(gateway.port, world, `${body?.path ?? ''}?id=${subject}`)
  const { length } = String(headers['exchange-receipt'])
  if (Math.abs(length / RECEIPT_LENGTH - 1) > MOST_OFF) {
    throw new Error(`a receipt has ${String(length)} characters, not ${String(RECEIPT_LENGTH)}`)
  }
}

async function askOnce(port: number, world: BenchWorld, path: string): Promise<Asked> {
  const { certificate, key } = world.pair('subsystem', CONSUMER)
  const identity = {
    cert: readFileSync(certificate, 'utf8'),
    key: readFileSync(key, 'utf8'),
    ca: readFileSync(world.chain, 'utf8'),
  }
  return ask(identity, {
    url: new URL(`https://localhost:${String(port)}/r1/${SERVICE}${path}`),
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Road-Client': CONSUMER,
      'Exchange-Purpose': '031',
    },
    body: requestBody,
  })
}

function faultOfProxy(answer: Asked, body: BenchBody, subject: string): string | undefined {
  if (answer.status !== 200) return `status ${String(answer.status)}`
  return answer.body === body.answer.replace('$id', subject) ? undefined : 'another body'
}

function faultOfGateway({ status, headers, body }: Asked): string | undefined {
  if (status !== 200) return `status ${String(status)}: ${body}`
  if (typeof headers['exchange-receipt'] !== 'string') return 'no receipt'
  const answer = JSON.parse(body) as { readonly records?: readonly object[] }
  const { records } = answer
  if (records === undefined) return isExactly(answer, keptObjectFields) ? undefined : 'other fields'
  const isMinimised = records.every((record) => isExactly(record, keptRecordFields))
  return isMinimised ? undefined : 'other fields in a record'
}

function isExactly(object: object, names: readonly string[]): boolean {
  return Object.keys(object).toSorted().join() === names.toSorted().join()
}
