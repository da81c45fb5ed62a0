/**
 * Kills erasures and restorations at every named point:
 *
 *     npm run campaign:erasure -- --rounds 5
 *
 * Ends with 1 where the next start did not make it good.
 */
import { parseArgs } from 'node:util'
import { AFTER, BEFORE, killErasure, killRestoration, RESTORING } from '../erasure/killing.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const rounds = Number(values.rounds)

for (let round = 1; round <= rounds; round += 1) {
  for (const at of [...BEFORE, ...AFTER, ...RESTORING]) {
    const kill = RESTORING.includes(at) ? killRestoration : killErasure
    const faults = await kill(at)
    process.stdout.write(`round ${String(round)} of ${String(rounds)}, killed at ${at}: `)
    process.stdout.write(faults.length === 0 ? 'good\n' : `${faults.join('; ')}\n`)
    if (faults.length > 0) process.exitCode = 1
  }
}
