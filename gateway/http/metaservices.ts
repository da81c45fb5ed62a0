/**
 * X-Road's metaservices (PR-META, PR-MREST), answered from the registry and never by a provider: listClients,
 * listMethods, allowedMethods, getOpenAPI. No header of the request comes back in a reply.
 */
import type { Peer } from '../../certs/peer.ts'
import type { Refusal } from '../../policies/refusal.ts'
import type { ServiceRegistration } from '../../policies/service.ts'
import {
  Malformed,
  SubsystemId,
  type EndpointId,
  type ServiceId,
} from '../../policies/vocabulary.ts'
import type { Reply } from '../exchange/call.ts'
import { acceptIn } from '../exchange/problem.ts'
import { splitTarget } from '../exchange/wire/target.ts'
import { clientList, type ClientEntry } from './client-list.ts'
import { methodList } from './method-list.ts'
import { openApi } from './open-api.ts'

/** What the metaservices read, from the documents in force. */
export interface Directory {
  /** Members and their subsystems, in any order. */
  clients(): readonly ClientEntry[]
  /** The services that a subsystem offers. */
  services(provider: SubsystemId): readonly ServiceRegistration[]
  /** The endpoints of a service that agreements in force let this consumer use. */
  allowed(consumer: SubsystemId, service: ServiceId): ReadonlySet<EndpointId>
}

export interface MetaRequest {
  readonly method: string
  readonly path: string
  readonly query: string | undefined
  readonly headers: readonly string[]
  readonly peer: Peer
}

/** Undefined: not a metaservice, but (perhaps) a service. Otherwise how it is answered, once it may cost something. */
export type Metaservices = (request: MetaRequest) => (() => MetaAnswer) | undefined

/** A text: refused with that code. */
export type MetaAnswer = Reply | Refusal

export function makeMetaservices(directory: Directory): Metaservices {
  return (request) => {
    if (
      request.path === '/listClients' &&
      (request.method === 'GET' || request.method === 'HEAD')
    ) {
      return () => listClients(request, directory)
    }
    // X-Road: only GET is a metaservice; any other method means a service of that name.
    if (request.method !== 'GET') return undefined
    const name = NAMES.find((each) => request.path.endsWith(each))
    return name === undefined ? undefined : ofProvider(name, request, directory)
  }
}

const NAMES = ['/listMethods', '/allowedMethods', '/getOpenAPI'] as const
type Name = (typeof NAMES)[number]

function listClients(request: MetaRequest, directory: Directory): Reply {
  const instance = parameter(request.query, 'xRoadInstance')
  const entries = directory
    .clients()
    .filter(
      (entry) =>
        instance === undefined || entry.id.split('/', 1)[0] === encodeURIComponent(instance),
    )
  return clientList(entries, acceptIn(request.headers))
}

function ofProvider(
  name: Name,
  request: MetaRequest,
  directory: Directory,
): (() => MetaAnswer) | undefined {
  const target = splitTarget(request.path)
  if (target.kind === 'refused') return () => target.code
  // `/r1/…/service/listMethods` is a path of a service.
  return target.rest === '' ? () => answerFor(name, request, directory) : undefined
}

function answerFor(name: Name, request: MetaRequest, directory: Directory): MetaAnswer {
  const fault = clientFault(request)
  if (fault !== undefined) return fault
  const provider = SubsystemId.parse(request.path.slice('/r1/'.length, -name.length))
  const services = directory.services(provider)
  if (name === '/getOpenAPI') return described(services, parameter(request.query, 'serviceCode'))
  if (name === '/listMethods') return methodList(services)
  const { subsystem } = request.peer
  return methodList(services, (service) => directory.allowed(subsystem, service))
}

/** As for a service: exactly one X-Road-Client, and it is the certificate's subsystem. */
function clientFault({ headers, peer }: MetaRequest): Refusal | undefined {
  const claims: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === 'x-road-client') claims.push(headers[at + 1] ?? '')
  }
  const [claim, ...others] = claims
  if (claim === undefined) return 'Client.Request.ClientMissing'
  if (others.length > 0) return 'Client.Request.DuplicateHeader'
  try {
    return SubsystemId.parse(claim) === peer.subsystem
      ? undefined
      : 'Client.Identity.ClientMismatch'
  } catch (fault) {
    if (fault instanceof Malformed) return 'Client.Request.MalformedHeader'
    throw fault
  }
}

function described(
  services: readonly ServiceRegistration[],
  serviceCode: string | undefined,
): MetaAnswer {
  if (serviceCode === undefined) return 'Client.Request.ParameterMissing'
  const code = encodeURIComponent(serviceCode)
  const service = services.find((each) => each.id.endsWith(`/${code}`))
  return service === undefined ? 'Client.Request.UnknownService' : openApi(service)
}

function parameter(query: string | undefined, name: string): string | undefined {
  return new URLSearchParams(query ?? '').get(name) ?? undefined
}
