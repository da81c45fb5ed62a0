/** One call, and what became of it on every side. */
import { hash } from 'node:crypto'
import { expect } from '@jest/globals'
import type { Call, Reply } from '../../../gateway/exchange/call.ts'
import { codeOf } from '../../harness/calls.ts'
import type { World, WorldLeaf } from '../../harness/world.ts'

export interface OneExchange {
  readonly reply: Reply
  readonly code: string | undefined
  /** The only ones there are, otherwise the test fails. */
  readonly intent: WorldLeaf<'intent'>
  readonly outcome: WorldLeaf<'outcome'>
}

/** For a world in which nothing else happens: exactly one intent and one outcome, which belong together. */
export async function one(world: World, call: Call): Promise<OneExchange> {
  const reply = await world.exchange(call)
  return { reply, code: codeOf(reply), ...onlyPair(world) }
}

export function onlyPair(world: World): Pick<OneExchange, 'intent' | 'outcome'> {
  const [intents, outcomes] = [world.leaves('intent'), world.leaves('outcome')]
  expect([intents.length, outcomes.length]).toEqual([1, 1])
  const [intent, outcome] = [intents[0]!, outcomes[0]!]
  expect(outcome.record).toMatchObject({
    exchange: intent.record.exchange,
    intent: intent.index,
    consumer: intent.record.question.consumer,
    service: intent.record.question.service,
  })
  expect(outcome.record.subject).toBe(intent.record.subject)
  return { intent, outcome }
}

/** SHA-256(nonce ‖ SHA-256(content)), base64url. */
export function commitmentTo(nonce: Buffer, content: string | Buffer): string {
  const digest = hash('sha256', content, 'buffer')
  return hash('sha256', Buffer.concat([nonce, digest]), 'base64url')
}
