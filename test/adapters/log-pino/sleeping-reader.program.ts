/** Writes to standard output more than anybody reads, then its last words, and tells on standard error how long they took. */
import { openLog } from '../../../adapters/log-pino/open-log.ts'

const log = openLog({
  level: 'info',
  to: 1,
  gateway: 'TW/GOV/GONGDAO/gateway-1',
  now: () => performance.now(),
})
for (let count = 0; count < 8_000; count += 1) {
  log.tell({ kind: 'notice', urgency: 'today', sentence: 'x'.repeat(1_000) })
}
await new Promise<void>((resolve) => {
  setTimeout(resolve, 1_200)
})
const began = performance.now()
log.tell({ kind: 'notice', urgency: 'now', sentence: 'the last words' })
log.flushNow()
await log.close()
process.stderr.write(
  JSON.stringify({ milliseconds: performance.now() - began, dropped: log.dropped() }),
)
process.exit(0)
