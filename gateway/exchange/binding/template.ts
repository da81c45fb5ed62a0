/** The path of a registration: segments that are what they say, and `{name}` for a parameter. */
import { decodeSegment } from './read-path.ts'

export type Template = readonly TemplateSegment[]

export type TemplateSegment =
  | { readonly literal: string; readonly parameter?: undefined }
  | { readonly parameter: string; readonly literal?: undefined }

/**
 * Empty, or `/` and segments; a last `/` makes a last, empty segment. Literal segments stand as text or in
 * percent-encoding. Throws `RangeError`.
 */
export function readTemplate(path: string): Template {
  if (path === '') return []
  if (!path.startsWith('/')) throw new RangeError(`a registered path begins with /: ${path}`)
  const segments = path.slice(1).split('/')
  return segments.map((segment, at) => {
    const name = /^\{(.+)\}$/u.exec(segment)?.[1]
    if (name !== undefined) return { parameter: name }
    const isLast = at === segments.length - 1
    const literal = segment === '' && isLast ? '' : readLiteral(segment)
    if (literal === undefined) throw new RangeError(`not a segment of a path: ${segment}`)
    return { literal }
  })
}

function readLiteral(segment: string): string | undefined {
  if (/[{}]/.test(segment)) return undefined
  return decodeSegment(segment.includes('%') ? segment : encodeURIComponent(segment))
}
