/**
 * What any gateway with these two ends costs at least: our listener, our way to the provider, and the headers of an exchange, its two
 * receipts as long as real ones. Between the ends nothing happens: nothing is decided, recorded, minimised or checked.
 */
import { makeRestProvider } from '../../adapters/provider-rest/rest-provider.ts'
import { findProvider, identifyPeer } from '../../certs/peer-identity.ts'
import { openIdentity } from '../../deploy/open-identity.ts'
import { systemClock } from '../../deploy/system.ts'
import type { Call, Reply } from '../../gateway/exchange/call.ts'
import { makeExchangeListener } from '../../gateway/http/exchange-listener.ts'
import { ServiceId } from '../../policies/vocabulary.ts'
import { CONSUMER, SERVICE } from './documents.ts'
import { gatewayConfig, RECEIPT_LENGTH, SUBSYSTEM } from './gateway-config.ts'

const [folder = '', port = '', upstream = ''] = process.argv.slice(2)
const config = gatewayConfig(folder, port, upstream)
const clock = systemClock()
const report = (sentence: string): void => {
  process.stderr.write(`edges: ${sentence}\n`)
}
const { standing, tls, trust } = openIdentity(config, report)
const { addresses } = config
const provider = makeRestProvider({
  ...{ tls, standing, addresses, clock },
  find: (certificate, expected) => findProvider(certificate, trust, expected),
})
const service = ServiceId.parse(SERVICE)
const prefix = `/r1/${SERVICE}`
const id = '019f0000-0000-7000-8000-000000000000'
const toProvider = [
  ...['X-Road-Client', CONSUMER, 'X-Road-Service', SERVICE, 'X-Road-Id', id],
  ...['X-Road-Request-Id', id, 'Exchange-Id', id, 'Exchange-Agreement', 'agreement'],
  ...['Content-Type', 'application/json', 'Exchange-Purpose', '031'],
  ...['Exchange-Receipt', 'A'.repeat(RECEIPT_LENGTH)],
]
const toConsumer = [
  ...['Content-Type', 'application/json'],
  ...['X-Road-Client', CONSUMER, 'X-Road-Service', SERVICE, 'X-Road-Id', id],
  ...['X-Road-Request-Id', id, 'X-Road-Request-Hash', 'A'.repeat(88), 'Exchange-Id', id],
  ...['Exchange-Receipt', 'A'.repeat(RECEIPT_LENGTH)],
]

const listener = makeExchangeListener({
  ...{ tls, standing, clock, exchange },
  identify: (certificate) => identifyPeer(certificate, trust),
  metaservices: () => undefined,
  admit: (_peer, answer) => answer(),
  receipts: () => Promise.reject(new Error('nothing is recorded here')),
  maxRequestBytes: () => undefined,
  admission: { refused: () => undefined },
  report: (fault) => {
    report(String(fault))
  },
})
listener.listen(Number(port), '127.0.0.1')

async function exchange({ body, method, path, query, signal }: Call): Promise<Reply> {
  const answer = await provider.ask({
    ...{ service, subsystem: SUBSYSTEM, method, body, signal },
    pathAndQuery: `${path.slice(prefix.length)}?${query ?? ''}`,
    headers: toProvider,
    deadlineMs: 10_000,
    maxResponseBytes: 1_048_576,
  })
  // The load breaks off at its end; nobody hears this reply.
  if (signal.aborted) return { status: 502, headers: [], body: Buffer.alloc(0) }
  if (answer.kind !== 'answered') throw new Error(`the provider: ${answer.kind}`)
  return { status: answer.status, headers: toConsumer, body: answer.body }
}

process.once('SIGTERM', () => process.exit(0))
