/** A whole gateway and real witnesses over HTTPS: what is cosigned, by whom, how soon, and what happens while they are away. */
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from '@jest/globals'
import {
  checkpointsFolder,
  readCheckpoints,
} from '../../adapters/checkpoints-folder/checkpoints-folder.ts'
import { keysFile } from '../../adapters/ledger-journal/keys-file.ts'
import type { Witnesses } from '../../deploy/config/witnesses.ts'
import { checkReceipt, type ReceiptFinding } from '../../gateway/ledger/check-receipt.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { scenarioNamed, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'
import { startWitnesses, type TestWitnesses } from '../harness/witnesses.ts'

interface Observed {
  readonly system: System
  readonly witnesses: TestWitnesses
}

const open: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

async function observed(count: number, section: Partial<Witnesses> = {}): Promise<Observed> {
  let witnesses: TestWitnesses | undefined
  const system = await startSystem({
    start: false,
    config: () => (witnesses === undefined ? {} : { witnesses: sectionOf(witnesses, section) }),
  })
  open.push(() => system[Symbol.asyncDispose]())
  witnesses = await startWitnesses(
    count,
    system.data,
    system.world.identityOf('gateway', 'TW/GOV/GONGDAO/gateway-1'),
  )
  open.push(witnesses.close)
  return { system, witnesses }
}

function sectionOf({ all, ca }: TestWitnesses, section: Partial<Witnesses>): Witnesses {
  const [first, ...others] = all.map(({ url, vkey }) => ({ key: vkey, url, ca }))
  return {
    require: all.length,
    whenAway: 'continue',
    deadlineMs: 2_000,
    witnesses: [first!, ...others],
    ...section,
  }
}

async function receiptOf(
  { system, witnesses }: Observed,
  exchange: unknown,
): Promise<Extract<ReceiptFinding, { kind: 'good' }>> {
  const path = `/exchange/receipts/${String(exchange)}`
  const asked = await system.ask({ consumer: scenarioNamed('S3').consumer, path })
  const keys = [
    readFileSync(keysFile(system.data), 'utf8'),
    ...witnesses.all.map(({ vkey }) => vkey),
  ]
  const finding = checkReceipt(asked.body, { keys: parsePinnedKeys(keys.join('\n')) })
  if (finding.kind === 'bad') throw new Error(finding.sentence)
  return finding
}

describe('with two witnesses', () => {
  test('a receipt carries both cosignatures within ten seconds', async () => {
    const both = await observed(2)
    await both.system.start()
    const asked = await both.system.run('S3')
    expect(asked.status).toBe(200)
    const began = performance.now()
    await until(async () => {
      const { cosigned } = await receiptOf(both, asked.headers['exchange-id'])
      return cosigned.length === 2
    }, 'both have cosigned')
    expect(performance.now() - began).toBeLessThan(10_000)
    const { system } = both
    const origins = [...readCheckpoints(checkpointsFolder(system.data))].map(({ origin }) => origin)
    expect(new Set(origins)).toEqual(
      new Set(['TW/registry', 'TW/exchange/TW/GOV/GONGDAO/gateway-1/1']),
    )
    expect(system.gateway.core.witnessing.status()).toMatchObject({ require: 2, accepts: true })
  })
})
