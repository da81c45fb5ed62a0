import type { CompiledPath, CompiledService } from './compile-service.ts'
import type { Template } from './template.ts'

/**
 * The one registered path that these segments are: where a literal segment and a parameter both match, the literal is
 * meant, whatever the method. So `/people/list` never reaches `/people/{id}` because it was asked with another method.
 */
export function matchPath(
  service: CompiledService,
  segments: readonly string[],
): CompiledPath | undefined {
  return service.paths.find(({ template }) => matches(template, segments))
}

function matches(template: Template, segments: readonly string[]): boolean {
  if (template.length !== segments.length) return false
  return template.every(({ literal }, at) =>
    literal === undefined ? segments[at] !== '' : literal === segments[at],
  )
}
