import type { Refusal } from '../../../policies/refusal.ts'
import type { BindableRequest } from './bindable-request.ts'
import type { CompiledEndpoint } from './compile-endpoint.ts'
import type { CompiledService } from './compile-service.ts'

/** What is wrong about there being a body, before it is read. An empty body is none. */
export function bodyFault(
  service: CompiledService,
  endpoint: CompiledEndpoint,
  request: BindableRequest,
): Refusal | undefined {
  const length = request.body?.length ?? 0
  if (length === 0) return undefined
  const { requestType } = endpoint.registration
  if (requestType === undefined) return 'Client.Request.BodyMalformed'
  if (length > service.maxRequestBytes) return 'Client.Request.BodyTooLarge'
  return isJson(request.headers) ? undefined : 'Client.Request.UnsupportedMediaType'
}

/** `application/json` once, in UTF-8 if a charset is named at all, and without content coding. */
function isJson(headers: readonly string[]): boolean {
  let types = 0
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? ''
    // Lengths first: most headers need no lower case.
    if (name.length === 16 && name.toLowerCase() === 'content-encoding') return false
    if (name.length !== 12 || name.toLowerCase() !== 'content-type') continue
    if (!JSON_TYPE.test(headers[at + 1] ?? '')) return false
    types += 1
  }
  return types === 1
}

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i
