/** The yardstick: a proxy with node:https and https.request, keep-alive and mutual TLS on both legs, and nothing else. */
import { readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:https'
import { join } from 'node:path'
import { layoutOf, safeName } from '../../adapters/certs-folder/layout.ts'
import { identityOf } from '../../certs/identity.ts'
import { SERVICE } from './documents.ts'
import { GATEWAY } from './world.ts'

const [folder = '', port = '', upstream = ''] = process.argv.slice(2)
const layout = layoutOf(join(folder, 'data', 'certs'))
const own = join(layout.issued, safeName(identityOf('gateway', GATEWAY)))
const tls = {
  cert: readFileSync(`${own}.crt`),
  key: readFileSync(`${own}.key`),
  ca: readFileSync(join(folder, 'chain.pem')),
  minVersion: 'TLSv1.3' as const,
}
const agent = new Agent({ keepAlive: true, maxSockets: 256, ...tls })
const prefix = `/r1/${SERVICE}`

createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (incoming, outgoing) => {
  const asked = request(
    {
      agent,
      host: 'localhost',
      port: upstream,
      method: incoming.method ?? 'GET',
      path: (incoming.url ?? '').slice(prefix.length),
      headers: incoming.headers,
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    },
  )
  asked.on('error', () => outgoing.destroy())
  incoming.pipe(asked)
}).listen(Number(port), '127.0.0.1')

process.once('SIGTERM', () => process.exit(0))
