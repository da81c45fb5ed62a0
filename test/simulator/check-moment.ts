/** What must hold at one moment: nobody is asked, and nothing is answered, for what the next power cut could take away. */
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import type { Reply } from '../../gateway/exchange/call.ts'
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import type { ProviderRequest } from '../../gateway/ports/provider.ts'
import { headerOf } from '../harness/calls.ts'
import { isStored } from './check-replicated.ts'
import { Broken, type Observed } from './observed.ts'
import { DATA } from './sim-config.ts'
import type { SimGateway } from './sim-gateway.ts'

/** L1, first half: the intent is durable before the provider is asked. */
export function checkAsked(
  gateway: SimGateway,
  { headers }: ProviderRequest,
  observed: Observed,
): void {
  const exchange = headerOf(headers, 'Exchange-Id') ?? ''
  if (isDurable(gateway, exchange, 'intent')) return
  observed.fail(new Broken('L1', `a provider was asked, and no intent of ${exchange} is durable`))
}

/** L1, second half, and L15: what a caller was told is durable, denials as surely as releases. */
export function checkReply(
  gateway: SimGateway,
  { headers, status }: Reply,
  observed: Observed,
): void {
  const exchange = headerOf(headers, 'Exchange-Id')
  // Ended before a decision: counted, not recorded.
  if (exchange === undefined || headerOf(headers, 'Exchange-Receipt') === undefined) return
  const isDenial = headerOf(headers, 'X-Road-Error')?.startsWith('Client.Policy.') === true
  if (isDurable(gateway, exchange, isDenial ? 'denial' : 'outcome')) return
  const invariant = isDenial ? 'L15' : 'L1'
  observed.fail(
    new Broken(invariant, `${exchange} was answered ${status}, and its record is not durable`),
  )
}

function isDurable(gateway: SimGateway, exchange: string, wanted: LeafKind): boolean {
  if (
    gateway.config.replication?.durability === 'replicated' &&
    !isStored(gateway, exchange, wanted)
  ) {
    return false
  }
  const disk = gateway.disk.durable()
  return gateway.chains.some(({ origin }) => {
    let found = false
    readChain({
      disk,
      folder: chainFolder(DATA, origin),
      origin,
      twoPhase: origin.endsWith('/registry'),
      visit: ({ leaf, record }) => {
        found ||= leaf.kind === wanted && record.includes(exchange)
      },
    })
    return found
  })
}
