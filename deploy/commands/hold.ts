/** `gongdao hold add|release|list`: legal holds, which forbid an erasure while they stand. */
import { Command } from 'commander'
import { holdsInForce } from '../../gateway/erasure/holds.ts'
import { ExchangeId, Instant } from '../../policies/vocabulary.ts'
import { makeOrder, readNumbers, readOfficerKey, writeOrder } from '../duties/make-order.ts'
import { readLedger } from '../read-ledger.ts'
import {
  daysOf,
  instanceOf,
  tell,
  withData,
  withRequest,
  type RequestOptions,
} from './duty-options.ts'

export function holdCommand(): Command {
  return new Command('hold')
    .description('legal holds: what is held is not erased. Set and released by two officers')
    .addCommand(add())
    .addCommand(releaseCommand())
    .addCommand(list())
}

function add(): Command {
  return withRequest(new Command('add'), 'hold')
    .description('ask for a hold on a person or on one exchange; a second officer approves')
    .option('--person <file>', 'one national number; - reads standard input')
    .option('--exchange <id>', 'one exchange')
    .action(
      (options: RequestOptions & { readonly person?: string; readonly exchange?: string }) => {
        const { exchange, person } = options
        if ((person === undefined) === (exchange === undefined)) {
          throw new RangeError('hold add takes either --person or --exchange')
        }
        request('hold', options, {
          ...(exchange !== undefined && { exchange: ExchangeId.parse(exchange) }),
          ...(person !== undefined && { numbers: readNumbers(person) }),
        })
      },
    )
}

function releaseCommand(): Command {
  return withRequest(new Command('release').argument('<hold>', 'id of the hold'), 'release')
    .description('ask that a hold end; a second officer approves')
    .action((hold: string, options: RequestOptions) => request('release', options, { hold }))
}

function list(): Command {
  return withData(new Command('list'))
    .description('the holds in force, from the registry chain')
    .action(({ data, json }: { readonly data: string; readonly json?: true }) => {
      const holds = holdsInForce(readLedger(data).view.duties).map(
        ({ at, gateway, statement }) => ({
          id: statement.id,
          since: new Date(at).toISOString(),
          basis: statement.basis,
          on: statement.exchange ?? 'a person',
          gateway,
        }),
      )
      const lines = holds.map(
        ({ basis, gateway, id, on, since }) => `${id}  ${since}  ${basis}  ${on}  ${gateway}`,
      )
      tell(json, { holds }, lines.length === 0 ? ['nothing is held'] : lines)
    })
}

function request(
  act: 'hold' | 'release',
  options: RequestOptions,
  about: Pick<Parameters<typeof makeOrder>[0], 'exchange' | 'hold' | 'numbers'>,
): void {
  const { basis, data, json, key, officer, to } = options
  const what = { act, basis, instance: instanceOf(data), days: daysOf(options), ...about }
  const signing = { officer, key: readOfficerKey(key) }
  const order = makeOrder(what, signing, Instant.ofMilliseconds(Date.now()))
  writeOrder(to, order)
  tell(json, { order: to, id: order.statement.id }, [
    `${to}: signed by ${officer}. Next, by another officer: gongdao approve ${to} --officer ID --key FILE`,
  ])
}
