/** `gongdao erase`: the first officer's order to destroy persons' keys; `gongdao approve` is the second's. */
import { Command } from 'commander'
import { Instant } from '../../policies/vocabulary.ts'
import { makeOrder, readNumbers, readOfficerKey, writeOrder } from '../duties/make-order.ts'
import { daysOf, instanceOf, tell, withRequest, type RequestOptions } from './duty-options.ts'

export function eraseCommand(): Command {
  return withRequest(new Command('erase'), 'erase')
    .description(
      'ask that the keys of some persons be destroyed: their pseudonyms in the log lead to nobody then, and no root changes',
    )
    .requiredOption('--persons <file>', 'national numbers, one a line; - reads standard input')
    .addHelpText(
      'after',
      '\nSeveral persons in one order can’t be told apart in the log afterwards; of one alone, who knows the day of her request knows\nwhich pseudonyms were hers. Nothing happens before a second officer approves: gongdao approve ORDER.',
    )
    .action((options: RequestOptions & { readonly persons: string }) => {
      const { basis, data, json, key, officer, persons, to } = options
      const numbers = readNumbers(persons)
      const what = { act: 'erase', basis, instance: instanceOf(data), numbers } as const
      const signing = { officer, key: readOfficerKey(key) }
      const now = Instant.ofMilliseconds(Date.now())
      const order = makeOrder({ ...what, days: daysOf(options) }, signing, now)
      writeOrder(to, order)
      tell(json, { order: to, id: order.statement.id, persons: numbers.length }, [
        `${to}: an order about ${String(numbers.length)} person(s), signed by ${officer}. It holds their numbers: give it to the second officer only.`,
        `Next, by another officer: gongdao approve ${to} --officer ID --key FILE --copies FOLDER`,
      ])
    })
}
