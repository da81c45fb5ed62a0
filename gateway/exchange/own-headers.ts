import type { Asked } from './1-identify.ts'
import { requestHash } from './wire/request-hash.ts'
import { gatewayHeaders } from './wire/to-consumer.ts'

/** What the gateway itself says on every reply to a decided exchange: name, value, … */
export function ownHeaders(asked: Asked): string[] {
  const { call, exchange, headers, id, service } = asked
  return gatewayHeaders({
    client: headers.client,
    service: service.id,
    id,
    requestId: exchange,
    requestHash: requestHash({
      method: call.method,
      target: call.query === undefined ? call.path : `${call.path}?${call.query}`,
      headers: call.headers,
      requestId: exchange,
      generatedId: headers.id === undefined ? id : undefined,
      body: call.body,
    }),
    exchange,
  })
}
