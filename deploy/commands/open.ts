/** `gongdao open EXCHANGE`: asks to see what an exchange has sealed; shown to whoever approves, after the leaf. */
import { Command } from 'commander'
import { ExchangeId, Instant } from '../../policies/vocabulary.ts'
import { makeOrder, readOfficerKey, writeOrder } from '../duties/make-order.ts'
import { daysOf, instanceOf, tell, withRequest, type RequestOptions } from './duty-options.ts'

export function openCommand(): Command {
  return withRequest(new Command('open').argument('<exchange>', 'exchange id'), 'open')
    .description(
      'ask to open the sealed details of an exchange (case number, official, nonces): an auditor and a data-protection officer sign, and an access leaf says so before anything is shown',
    )
    .action((exchange: string, options: RequestOptions) => {
      const { basis, data, json, key, officer, to } = options
      const order = makeOrder(
        {
          act: 'open',
          basis,
          exchange: ExchangeId.parse(exchange),
          instance: instanceOf(data),
          days: daysOf(options),
        },
        { officer, key: readOfficerKey(key) },
        Instant.ofMilliseconds(Date.now()),
      )
      writeOrder(to, order)
      tell(json, { order: to, id: order.statement.id }, [
        `${to}: signed by ${officer}. Next, by the other role: gongdao approve ${to} --officer ID --key FILE`,
      ])
    })
}
