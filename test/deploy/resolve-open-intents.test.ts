/** Each intent that a crash left open gets one outcome, whatever the disk and the log servers do meanwhile: never two. */
import { expect, test } from '@jest/globals'
import { resolveOpenIntents } from '../../deploy/resolve-open-intents.ts'
import { OpenIntents, type OpenIntent } from '../../gateway/exchange/recover-outcomes.ts'
import { LedgerUnavailable, NotReplicated, type Chain } from '../../gateway/ledger/entry.ts'
import { household, income } from '../harness/calls.ts'
import { memoryChain } from '../harness/memory-ledger.ts'
import { quiet } from '../harness/settled.ts'
import { makeWorld } from '../harness/world.ts'
import { Schedule } from '../simulator/schedule.ts'

const NEXT = 'TW/exchange/TW/GOV/GONGDAO/gateway-1/2'

async function leftOpen(): Promise<readonly OpenIntent[]> {
  const world = makeWorld()
  world.provider.script = () => Promise.withResolvers<never>().promise
  void world.exchange(household())
  void world.exchange(income())
  await quiet()
  const open = new OpenIntents()
  for (const { index, record } of world.leaves('intent')) {
    open.take(world.ledger.origin, index, 'intent', record)
  }
  return open.all()
}

async function resolved(
  spoil: (chain: Chain) => Partial<Chain>,
): Promise<{ readonly outcomes: readonly string[]; readonly left: number }> {
  const open = await leftOpen()
  const { clock, parts } = makeWorld()
  const [schedule, next] = [new Schedule(), memoryChain(NEXT)]
  const outcomes: string[] = []
  const resolving = resolveOpenIntents(
    open,
    { ...next, ...spoil(next) },
    {
      ...{ clock, timers: schedule, chance: parts.chance, report: () => undefined },
      onResolved: (exchange, index) => outcomes.push(`${exchange} ${String(index)}`),
    },
  )
  clock.advance(60_000)
  await schedule.pass(60_000)
  const left = await resolving.stop()
  expect(open).toHaveLength(2)
  // What the chain holds is what was told.
  const recorded = next.entries.map(({ record }) => JSON.parse(record) as { exchange: string })
  expect(outcomes).toEqual(recorded.map(({ exchange }, index) => `${exchange} ${String(index)}`))
  return { outcomes, left }
}

test('log servers that are away make no second outcome: the first has its place', async () => {
  const { left, outcomes } = await resolved((chain) => ({
    append: async (entry) => {
      throw new NotReplicated(await chain.append(entry))
    },
  }))
  expect([outcomes.length, left]).toEqual([2, 0])
})

test('what could not be recorded is tried again until it is', async () => {
  let refusals = 3
  const { left, outcomes } = await resolved((chain) => ({
    append: (entry) => {
      if ((refusals -= 1) >= 0) return Promise.reject(new LedgerUnavailable('full'))
      return chain.append(entry)
    },
  }))
  expect([outcomes.length, left]).toEqual([2, 0])
})

test('what is still open when the gateway stops is counted, so that its chain is not sealed', async () => {
  const { left, outcomes } = await resolved(() => ({
    append: () => Promise.reject(new LedgerUnavailable('full')),
  }))
  expect([outcomes.length, left]).toEqual([0, 2])
})
