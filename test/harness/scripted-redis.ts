/**
 * What speaks like Redis and says what a test tells it to, in plain or over TLS:
 *
 *     await using redis = await scriptedRedis()
 *     redis.answer = ([name]) => (name === 'PING' ? '+PONG' : undefined)
 */
import { once } from 'node:events'
import { createServer as createPlain, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createSecure, type TlsOptions } from 'node:tls'

export interface ScriptedRedis {
  readonly port: number
  /** Every command so far, each in its words. */
  readonly asked: (readonly string[])[]
  readonly sockets: ReadonlySet<Socket>
  /** A reply without its end of line; `silence`: none; `close`: the connection ends; undefined: as Redis would. */
  answer: (words: readonly string[]) => string | undefined
  [Symbol.asyncDispose](): Promise<void>
}

export async function scriptedRedis(tls?: TlsOptions): Promise<ScriptedRedis> {
  const asked: (readonly string[])[] = []
  const sockets = new Set<Socket>()
  const listener = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    let rest = ''
    socket.on('data', (chunk) => {
      const read = commandsIn(rest + chunk.toString('latin1'))
      rest = read.rest
      for (const words of read.commands) {
        asked.push(words)
        const reply = redis.answer(words) ?? likeRedis(words)
        if (reply === 'close') socket.destroy()
        else if (reply !== 'silence') socket.write(`${reply}\r\n`)
      }
    })
  }
  const server: Server = tls === undefined ? createPlain(listener) : createSecure(tls, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const redis: ScriptedRedis = {
    port: (server.address() as AddressInfo).port,
    ...{ asked, sockets },
    answer: () => undefined,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
  return redis
}

function likeRedis([name = '']: readonly string[]): string {
  const told = 'redis_version:7.0.0\r\nloading:0'
  return name.toLowerCase() === 'info' ? `$${String(told.length)}\r\n${told}` : '+OK'
}

/** RESP: an array of strings, each with its length in front. */
function commandsIn(text: string): { readonly commands: string[][]; readonly rest: string } {
  const commands: string[][] = []
  let rest = text
  for (;;) {
    const lines = rest.split('\r\n')
    const words = Number(lines[0]?.slice(1))
    // One line for the number, two for each word, and what is behind the last end of line.
    if (rest === '' || lines.length < 2 + 2 * words) return { commands, rest }
    commands.push(Array.from({ length: words }, (_, at) => lines[2 + 2 * at] ?? ''))
    rest = lines.slice(1 + 2 * words).join('\r\n')
  }
}
