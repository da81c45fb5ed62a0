/** The answer of listMethods and allowedMethods (X-Road PR-MREST 4.2): services and their endpoints. */
import type { EndpointRegistration, ServiceRegistration } from '../../policies/service.ts'
import { ServiceId, type EndpointId } from '../../policies/vocabulary.ts'
import type { Reply } from '../exchange/call.ts'

/** `allowed` narrows to what a consumer may use; a service of which nothing is left is not listed. */
export function methodList(
  services: readonly ServiceRegistration[],
  allowed?: (service: ServiceId) => ReadonlySet<EndpointId>,
): Reply {
  const listed = services
    .map((service) => ({ service, endpoints: endpointsOf(service, allowed) }))
    .filter(({ endpoints }) => allowed === undefined || endpoints.length > 0)
    .map(({ service, endpoints }) => asJson(service, endpoints))
  return {
    status: 200,
    headers: ['Content-Type', 'application/json; charset=utf-8'],
    body: Buffer.from(JSON.stringify({ service: listed })),
  }
}

function endpointsOf(
  service: ServiceRegistration,
  allowed?: (service: ServiceId) => ReadonlySet<EndpointId>,
): readonly EndpointRegistration[] {
  const mine = allowed?.(service.id)
  return mine === undefined
    ? service.endpoints
    : service.endpoints.filter((endpoint) => mine.has(endpoint.id))
}

function asJson(service: ServiceRegistration, endpoints: readonly EndpointRegistration[]): unknown {
  const [instance, memberClass, code, subsystem, serviceCode] = ServiceId.parts(service.id)
  return {
    endpoint_list: endpoints.map(({ method, path }) => ({ method, path })),
    member_class: memberClass,
    member_code: code,
    object_type: 'SERVICE',
    service_code: serviceCode,
    service_type: 'OPENAPI',
    subsystem_code: subsystem,
    xroad_instance: instance,
  }
}
