/** The part of the configuration that every gateway has: who it is, where it listens, whom it asks. */
import { z } from 'zod'
import type { Limits } from '../../gateway/http/limits.ts'
import { GatewayId, Malformed, ServiceId, SubsystemId } from '../../policies/vocabulary.ts'
import { milliseconds, port, text, url, whole, word } from './pieces.ts'

const PROVIDER = 'instance/class/code/subsystem, or that and /service'

const ServiceOrSubsystem = {
  parse: (written: string): ServiceId | SubsystemId => {
    const parts = written.split('/').length
    if (parts !== 4 && parts !== 5) throw new Malformed(PROVIDER)
    return parts === 5 ? ServiceId.parse(written) : SubsystemId.parse(written)
  },
}

const connections = (of: string): z.ZodNumber => whole(1, 1_000_000, of)

const limits = z.strictObject({
  handshakeMs: milliseconds('how long a TLS handshake may take').exactOptional(),
  headersMs: milliseconds('how long the headers of a request may take').exactOptional(),
  requestMs: milliseconds('how long a whole request may take').exactOptional(),
  checkMs: milliseconds('how often the two are looked at').exactOptional(),
  keepAliveMs: milliseconds('how long an idle connection is kept').exactOptional(),
  silenceMs: milliseconds('how long a connection may be silent').exactOptional(),
  lingerMs: milliseconds('how long a refused caller is still listened to').exactOptional(),
  headerBytes: whole(1024, 65_536, 'bytes of all headers').exactOptional(),
  headers: whole(16, 1000, 'number of headers').exactOptional(),
  bodyBytes: whole(1, 67_108_864, 'bytes of a body where its service says nothing').exactOptional(),
  connections: connections('connections at one time').exactOptional(),
  inFlight: connections('requests under way at one time').exactOptional(),
} satisfies Record<keyof Limits, z.ZodType>)

export const base = {
  data: text('the folder of all state').default('.gongdao'),
  gateway: word(GatewayId, 'the id of this gateway: instance/class/code/server'),
  listen: z
    .strictObject({ host: text('an address of this machine, or 0.0.0.0 or ::'), port })
    .describe('where departments reach the gateway: {"host": …, "port": …}'),
  addresses: z
    .record(
      word(ServiceOrSubsystem, `a provider: ${PROVIDER}`),
      url(['https:'], 'where the provider answers: an https URL without user, query and fragment'),
    )
    .describe('base URLs of the providers: {"instance/class/code/subsystem": "https://…"}'),
  syntheticIds: z
    .boolean()
    .default(false)
    .describe('true accepts the identifiers of demo and tests; leave it out where people are real'),
  revocationGraceMs: whole(
    0,
    7 * 86_400_000,
    'how long a revocation list is used after its next update was due, in milliseconds',
  ),
  rememberedExchanges: whole(
    1,
    10_000_000,
    'how many exchanges are remembered for receipts',
  ).default(100_000),
  cache: text('the folder where findings of the rules’ gate are kept').exactOptional(),
  limits: limits.describe('what one connection and one request may take').exactOptional(),
}
