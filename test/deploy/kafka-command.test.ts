/** What is refused before any Kafka is asked. */
import { expect, test } from '@jest/globals'
import { kafkaCommand } from '../../deploy/commands/kafka.ts'

test.each([
  [['--ca', 'ca.crt', '--cert', 'admin.crt'], '--cert and --key go together'],
  [['--ca', 'ca.crt', '--key', 'admin.key'], '--cert and --key go together'],
  [['--user', 'admin'], '--user and --password-file go together'],
  [['--password-file', 'secret'], '--user and --password-file go together'],
  [['--cert', 'admin.crt', '--key', 'admin.key'], '--cert needs --ca'],
])('half of a proof of who one is: %j', async (words, why) => {
  const told: string[] = []
  const outlet = {
    out: () => undefined,
    error: (text: string) => told.push(text),
    failed: () => undefined,
  }
  // Nobody answers there: without the refusal it would say that instead.
  const all = ['init', '--brokers', '127.0.0.1:1', ...words]
  await kafkaCommand(outlet).parseAsync(all, { from: 'user' })
  expect(told.join('')).toContain(why)
})
