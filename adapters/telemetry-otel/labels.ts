/**
 * Values of labels, bounded in number. They come from the registry; still nobody shall be able to fill the memory by registering, so
 * what comes on top of the bound is `other`, and what is not known is `none`. Methods and statuses are those that HTTP knows.
 */
import { STATUS_CODES } from 'node:http'

export const MOST_VALUES = 500
const OTHER = 'other'
const NONE = 'none'

export class Labels {
  readonly service = bounded()
  readonly purpose = bounded()
  readonly member = bounded()
  readonly provider = bounded()
}

function bounded(): (value: string | undefined) => string {
  const known = new Set<string>()
  return (value) => {
    if (value === undefined) return NONE
    if (known.has(value)) return value
    if (known.size >= MOST_VALUES) return OTHER
    known.add(value)
    return value
  }
}

/** RFC 9110 9 and RFC 5789; any other is `_OTHER`, as the semantic conventions say. */
const METHODS = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
])

export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : '_OTHER'
}

/**
 * A provider chooses its status, and shall not choose how many series there are. What nobody knows is the x00 of its class, and what
 * has no class is 500, as RFC 9110 15 has clients take it: so it stays a number, and an error stays an error of its class.
 */
export function statusLabel(status: number): number {
  if (status in STATUS_CODES) return status
  return status >= 100 && status <= 599 ? Math.floor(status / 100) * 100 : 500
}
