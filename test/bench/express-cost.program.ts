/**
 * What Express costs: CPU microseconds of an empty answer over mutual TLS, on the listener's Express and on bare
 * `node:https`, in turn. Also on Express as it comes, to show what the prototypes are worth.
 *
 *     node test/bench/express-cost.program.ts [rounds] [requests]
 */
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import express from 'express'
import { makeFastExpress } from '../../gateway/http/fast-express.ts'
import { SubsystemId } from '../../policies/vocabulary.ts'
import { makePki, type TlsFiles } from '../harness/pki.ts'

interface Load {
  readonly port: number
  readonly files: TlsFiles
  readonly requests: number
}

const CONNECTIONS = 16
const REQUEST = 'GET /r1/a/b/c/d/e HTTP/1.1\r\nHost: gateway\r\nX-Road-Client: a/b/c/d\r\n\r\n'

if (isMainThread) await measure()
else await load(workerData as Load)

async function measure(): Promise<void> {
  const [rounds = 7, requests = 30_000] = process.argv.slice(2).map(Number)
  const pki = await makePki()
  const files = await pki.issueSubsystem(SubsystemId.parse('TW/GOV/A000000018/welfare'))
  const tls = pki.gatewayTls()
  const fast = makeFastExpress()
  const plain = express()
  const answer: RequestListener = (_request, response) => {
    response.writeHead(200, ['Content-Length', '2'])
    response.end('ok')
  }
  fast.app.use(answer)
  plain.use(answer)
  const servers = {
    bare: createServer(tls, answer),
    'express as the listener has it': createServer({ ...tls, ...fast.classes }, fast.app),
    'express as it comes': createServer(tls, plain),
  }
  const costs = new Map<string, number[]>()
  for (const server of Object.values(servers)) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, server] of Object.entries(servers)) {
      const { port } = server.address() as AddressInfo
      const cost = await costOf({ port, files, requests })
      if (round > 0) costs.set(name, [...(costs.get(name) ?? []), cost])
    }
  }
  for (const server of Object.values(servers)) server.close()
  print(costs)
}

function print(costs: ReadonlyMap<string, readonly number[]>): void {
  const bare = median(costs.get('bare') ?? [])
  for (const [name, each] of costs) {
    const cost = median(each)
    console.log(`${name.padEnd(32)} ${cost.toFixed(1)} us, ${(cost - bare).toFixed(1)} above bare`)
  }
}

/** CPU of the main thread (the server) alone, per request. */
async function costOf(order: Load): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: order })
  await once(worker, 'message')
  const before = process.threadCpuUsage()
  worker.postMessage('go')
  await once(worker, 'message')
  const used = process.threadCpuUsage(before)
  await worker.terminate()
  return (used.user + used.system) / order.requests
}

async function load(order: Load): Promise<void> {
  const sockets = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect({
        host: '127.0.0.1',
        port: order.port,
        ...order.files,
        servername: 'localhost',
      })
      await once(socket, 'secureConnect')
      return socket
    }),
  )
  let left = order.requests
  const done = new Promise<void>((resolve) => {
    for (const socket of sockets) {
      socket.on('data', () => {
        left -= 1
        if (left === 0) resolve()
        else if (left >= CONNECTIONS) socket.write(REQUEST)
      })
    }
  })
  parentPort?.postMessage('ready')
  if (parentPort !== null) await once(parentPort, 'message')
  for (const socket of sockets) socket.write(REQUEST)
  await done
  parentPort?.postMessage('done')
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
