/** What is compiled once per registration and once per set of permitted fields, found again by the object itself. */
import type { EndpointRegistration, ServiceRegistration } from '../../policies/service.ts'
import type { FieldName } from '../../policies/vocabulary.ts'
import { compileService, type CompiledService } from './binding/compile-service.ts'
import { compileProjection, type Projection } from './minimise/compile-projection.ts'

const services = new WeakMap<ServiceRegistration, CompiledService>()

export function compiled(service: ServiceRegistration, syntheticIds: boolean): CompiledService {
  const known = services.get(service)
  if (known !== undefined) return known
  const fresh = compileService(service, { syntheticIds })
  services.set(service, fresh)
  return fresh
}

type Schema = 'fields' | 'errorFields'

const projections = new WeakMap<EndpointRegistration, Map<string, Projection>>()
// A consumer chooses its fields, so their number is bounded: 2^n subsets must not fill memory.
const MOST_PROJECTIONS = 256

export function projectionOf(
  endpoint: EndpointRegistration,
  permitted: readonly FieldName[],
  schema: Schema,
): Projection {
  const known = projections.get(endpoint) ?? new Map<string, Projection>()
  projections.set(endpoint, known)
  const key = `${schema} ${permitted.join(',')}`
  const found = known.get(key)
  if (found !== undefined) return found
  const fresh = compileProjection(endpoint, new Set(permitted), schema)
  if (known.size >= MOST_PROJECTIONS) known.clear()
  known.set(key, fresh)
  return fresh
}
