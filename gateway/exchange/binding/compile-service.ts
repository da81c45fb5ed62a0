/** A service's registration made ready to be asked. Done once for each version. */
import type { NumberRule } from '../../../policies/national-number.ts'
import type { ServiceRegistration } from '../../../policies/service.ts'
import { compileEndpoint, type CompiledEndpoint } from './compile-endpoint.ts'
import { readTemplate, type Template } from './template.ts'

export interface CompiledService {
  /** The more literal template first: the first that matches is the one that a path belongs to. */
  readonly paths: readonly CompiledPath[]
  readonly maxRequestBytes: number
  readonly rule: NumberRule
}

export interface CompiledPath {
  readonly template: Template
  readonly methods: ReadonlyMap<string, CompiledEndpoint>
}

/** Throws `RangeError` for a registration that contradicts itself; documents are checked before they take force. */
export function compileService(service: ServiceRegistration, rule: NumberRule): CompiledService {
  const byShape = new Map<string, { template: Template; methods: Map<string, CompiledEndpoint> }>()
  for (const registration of service.endpoints) {
    const template = readTemplate(registration.path)
    const shape = shapeOf(template)
    const path = byShape.get(shape) ?? { template, methods: new Map<string, CompiledEndpoint>() }
    byShape.set(shape, path)
    if (path.methods.has(registration.method)) {
      throw new RangeError(`${registration.id}: this method and path are registered twice`)
    }
    path.methods.set(registration.method, compileEndpoint(registration, template))
  }
  const shapes = [...byShape.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    paths: shapes.map(([, path]) => path),
    maxRequestBytes: service.maxRequestBytes,
    rule,
  }
}

/** Equal for templates that match the same paths. Of two texts, that with the earlier literal segment comes first. */
function shapeOf(template: Template): string {
  const segments = template.map(({ literal }) => (literal === undefined ? '1' : `0${literal}`))
  return JSON.stringify(segments)
}
