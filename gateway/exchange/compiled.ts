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

export interface Permitted {
  readonly projection: Projection
  /** What is taken out wherever it stands in an answer: the registered fields that are not permitted, sorted. */
  readonly removed: readonly FieldName[]
}

const projections = new WeakMap<EndpointRegistration, Map<string, Permitted>>()
// A consumer chooses its fields, so their number is bounded: 2^n subsets must not fill memory.
const MOST_PROJECTIONS = 256

export function projectionOf(
  endpoint: EndpointRegistration,
  permitted: readonly FieldName[],
  schema: Schema,
): Permitted {
  const known = projections.get(endpoint) ?? new Map<string, Permitted>()
  projections.set(endpoint, known)
  const key = `${schema} ${permitted.join(',')}`
  const found = known.get(key)
  if (found !== undefined) return found
  const names = new Set(permitted)
  const fresh = {
    projection: compileProjection(endpoint, names, schema),
    removed: endpoint[schema]
      .map(({ name }) => name)
      .filter((name) => !names.has(name))
      .sort(),
  }
  if (known.size >= MOST_PROJECTIONS) known.clear()
  known.set(key, fresh)
  return fresh
}
