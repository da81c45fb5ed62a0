/**
 * Kills a gateway under load, again and again, at random moments and at chosen system calls, on one growing ledger; after each kill
 * the next incarnation recovers, and verify, replay and every reply that was received are held against it.
 *
 *     npm run campaign:kill -- --rounds N
 */
import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Asked } from '../../deploy/demo/ask.ts'
import {
  crashingSystem,
  load,
  process as gatewayProcess,
  recoverAndJudge,
} from '../system/crashing.ts'
import type { Crash } from '../system/gateway-process.ts'

const LONGEST_MS = 1500
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '100' } } })
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds takes a whole number')

const system = await crashingSystem()
const replies: Asked[] = []
let faulty = 0
for (let round = 1; round <= rounds; round += 1) {
  const crash = randomCrash()
  const gateway = await gatewayProcess(system, crash)
  const afterMs = randomInt(LONGEST_MS)
  const killed = pause(afterMs).then(() => {
    gateway.kill('SIGKILL')
  })
  replies.push(...(await load(system, gateway, 1 + randomInt(12))))
  await killed
  await gateway.ended
  const faults = await recoverAndJudge(system, replies)
  const how = crash === undefined ? '' : `, at ${crash.at} ${String(crash.number)}`
  const result = faults.length === 0 ? 'good' : `${String(faults.length)} fault(s)`
  say(
    `round ${String(round)}: ${String(afterMs)} ms${how}: ${String(replies.length)} replies so far, ${result}`,
  )
  for (const fault of faults) say(`  ${fault}`)
  faulty += faults.length
  if (faults.length > 0) {
    say(`kept for a look: ${system.data}`)
    break
  }
}
if (faulty === 0) await system[Symbol.asyncDispose]()
else await system.departments.close()
say(`${String(rounds)} rounds, ${String(faulty)} faults`)
process.exitCode = faulty === 0 ? 0 : 1

function randomCrash(): Crash | undefined {
  const at = (['sync', 'synced', 'write', undefined] as const)[randomInt(4)]
  return at === undefined ? undefined : { at, number: 1 + randomInt(200) }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
