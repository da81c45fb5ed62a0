/** What must hold of any HTTP request before its target is looked at. Everything here is attacker-controlled. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Refusal } from '../../policies/refusal.ts'

export function faultOf(request: IncomingMessage, maxHeaders: number): Refusal | undefined {
  const raw = request.rawHeaders
  // Node bounds the bytes of a head, not how many headers it makes of them.
  if (raw.length > 2 * maxHeaders) return 'Client.Request.HeadersTooLarge'
  if (!isFramed(request)) return 'Client.Request.Malformed'
  const fault = codingFault(request.headers)
  if (fault !== undefined) return fault
  // Absolute form would name another host than Host does; nobody reaches us through a plain proxy.
  return request.url?.startsWith('/') === true ? undefined : 'Client.Request.MalformedPath'
}

/** RFC 3986 §3.2.2 and §3.2.3: `uri-host [":" port]`. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/

/** RFC 9112 §2.3, §3.2 and §6.1. Node takes HTTP/0.9 and HTTP/2.0 for versions of what it speaks, and chunks in HTTP/1.0. */
function isFramed({ headers, httpVersion, rawHeaders }: IncomingMessage): boolean {
  const hosts = countHosts(rawHeaders)
  if (hosts > 1 || !HOST.test(headers.host ?? '')) return false
  if (httpVersion === '1.1') return hosts === 1
  return httpVersion === '1.0' && headers['transfer-encoding'] === undefined
}

function codingFault(headers: IncomingHttpHeaders): Refusal | undefined {
  const { expect, upgrade, 'transfer-encoding': coding } = headers
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'Client.Request.Malformed'
  if (upgrade !== undefined) return 'Client.Request.MalformedHeader'
  const other = expect !== undefined && expect.toLowerCase() !== '100-continue'
  return other ? 'Client.Request.MalformedHeader' : undefined
}

/** Node keeps the first and drops the others silently. */
function countHosts(raw: readonly string[]): number {
  let hosts = 0
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts
}
