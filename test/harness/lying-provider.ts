/**
 * A department's system that answers whatever a test tells it, byte for byte: another person, more than was asked, a
 * body that stops, one byte a second, nothing at all. It speaks TLS itself, since an HTTP library would not lie so well.
 *
 *     const provider = await lyingProvider(await pki.issueSubsystem(SUBSYSTEM))
 *     provider.answer = () => json({ subjectId: 'A000000027' })
 */
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { TlsFiles } from './pki.ts'

export interface HeardRequest {
  readonly method: string
  readonly target: string
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export interface Lie {
  /** 200 unless told. */
  readonly status?: number
  /** Name, value, name, value, …; `Content-Type: application/json` unless told, `Content-Length` always correct unless told. */
  readonly headers?: readonly string[]
  readonly body?: string | Uint8Array
  /** What is done instead of sending the whole answer at once. */
  readonly manner?:
    | { readonly kind: 'whole' }
    /** Nothing is sent, the connection stays. */
    | { readonly kind: 'silent' }
    /** So many bytes of the body, then nothing; the connection stays. */
    | { readonly kind: 'stalls'; readonly after: number }
    /** So many bytes of the body, then the connection is closed. */
    | { readonly kind: 'short'; readonly after: number }
    /** So many bytes of the body, then a TCP reset. */
    | { readonly kind: 'reset'; readonly after: number }
    /** One byte of the body each so many milliseconds. */
    | { readonly kind: 'trickles'; readonly everyMs: number }
}

export interface LyingProvider extends AsyncDisposable {
  readonly url: URL
  /** What is answered from now on. */
  answer: (request: HeardRequest) => Lie
  /** Everything that was asked, in order. */
  readonly heard: readonly HeardRequest[]
  /** Connections that are open now. */
  readonly open: () => number
}

export async function lyingProvider(files: TlsFiles): Promise<LyingProvider> {
  const sockets = new Set<TLSSocket>()
  const heard: HeardRequest[] = []
  const server = createServer({ ...files, requestCert: true, rejectUnauthorized: false })
  // A TLS socket can't be reset; the TCP connection below it can.
  const raw = new Map<number | undefined, Socket>()
  server.on('connection', (socket) => {
    const port = socket.remotePort
    raw.set(port, socket)
    socket.on('close', () => raw.delete(port))
  })
  server.on('tlsClientError', () => undefined)
  server.on('secureConnection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    readRequests(socket, (request) => {
      heard.push(request)
      send(socket, provider.answer(request), () => raw.get(socket.remotePort)?.resetAndDestroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const provider: LyingProvider = {
    url: new URL(`https://127.0.0.1:${port}`),
    answer: () => json({}),
    heard,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      for (const socket of sockets) socket.destroy()
      server.close()
      await closed
    },
  }
  return provider
}

/** An honest JSON answer; `text` keeps duplicate keys, odd numbers and the like as they stand. */
export function json(body: object | { readonly text: string }, rest: Lie = {}): Lie {
  const text = 'text' in body && typeof body.text === 'string' ? body.text : JSON.stringify(body)
  return { ...rest, body: text }
}

/** The same answer in a content coding that nobody asked for. */
export function compressed(lie: Lie, coding: 'gzip' | 'br'): Lie {
  const plain = Buffer.from(lie.body ?? '')
  const body = coding === 'gzip' ? gzipSync(plain) : brotliCompressSync(plain)
  return { ...lie, headers: [...(lie.headers ?? JSON_TYPE), 'Content-Encoding', coding], body }
}

/**
 * Ways to bring `secret` past the gateway, or to answer about `other`, starting from an honest answer. Nothing of
 * `secret` may reach the consumer or the log, whichever of them is told.
 */
export function lies(
  honest: object,
  { secret, other }: { readonly secret: string; readonly other: string },
): ReadonlyMap<string, Lie> {
  const text = JSON.stringify(honest)
  const firstMember = Object.keys(honest)[0] ?? ''
  return new Map<string, Lie>([
    ['another person', json({ ...honest, subjectId: other })],
    ['another person first', json({ text: `{"subjectId":"${other}",${text.slice(1)}` })],
    ['another person last', json({ text: `${text.slice(0, -1)},"subjectId":"${other}"}` })],
    ['nobody', json({ ...honest, subjectId: undefined })],
    ['a list of people', json([honest, { ...honest, subjectId: other }])],
    ['one field more', json({ ...honest, extra: secret })],
    ['a field deep inside', json({ ...honest, nested: { deeper: [{ extra: secret }] } })],
    ['a field name', json({ ...honest, [secret]: 1 })],
    ['an escaped field name', json({ text: `${text.slice(0, -1)},"\\u0065xtra":"${secret}"}` })],
    ['an error body', json({ error: { code: 'NOT_FOUND', message: secret } }, { status: 404 })],
    ['an error code', json({ error: { code: secret } }, { status: 500 })],
    [
      'an error page',
      { status: 500, headers: ['Content-Type', 'text/html'], body: `<p>${secret}` },
    ],
    ['a header', json(honest, { headers: [...JSON_TYPE, 'X-Note', secret] })],
    ['a cookie', json(honest, { headers: [...JSON_TYPE, 'Set-Cookie', `a=${secret}`] })],
    ['an X-Road header', json(honest, { headers: [...JSON_TYPE, 'X-Road-Id', secret] })],
    ['an entity tag', json(honest, { headers: [...JSON_TYPE, 'ETag', `"${secret}"`] })],
    ['a media type', json(honest, { headers: ['Content-Type', `application/json; a=${secret}`] })],
    ['a redirect', { status: 302, headers: ['Location', `https://127.0.0.1/${secret}`], body: '' }],
    ['another shape', json({ ...honest, [firstMember]: { extra: secret } })],
    ['another type', json({ ...honest, [firstMember]: [secret] })],
    ['a duplicate field', json({ text: `${text.slice(0, -1)},${text.slice(1, -1)}}` })],
    ['trailing text', json({ text: `${text}"${secret}"` })],
    ['no JSON', json({ text: secret })],
    ['UTF-16', { body: Buffer.from(text, 'utf16le') }],
    ['a byte order mark', { body: `\ufeff${text}` }],
    ['gzip', compressed(json({ ...honest, extra: secret }), 'gzip')],
    ['brotli', compressed(json({ ...honest, extra: secret }), 'br')],
    ['another media type', { headers: ['Content-Type', 'text/plain'], body: secret }],
    ['an empty body', { body: '' }],
    ['half a body', json(honest, { manner: { kind: 'short', after: 7 } })],
    ['a reset', json(honest, { manner: { kind: 'reset', after: 7 } })],
    ['half a text', json({ text: text.slice(0, -1) })],
  ])
}

/** Answers that never come to an end, for tests of deadlines. */
export function endlessLies(honest: object): ReadonlyMap<string, Lie> {
  return new Map<string, Lie>([
    ['silence', { manner: { kind: 'silent' } }],
    ['a stalled body', json(honest, { manner: { kind: 'stalls', after: 7 } })],
    ['one byte at a time', json(honest, { manner: { kind: 'trickles', everyMs: 50 } })],
  ])
}

const JSON_TYPE = ['Content-Type', 'application/json'] as const

function send(socket: TLSSocket, lie: Lie, reset: () => void): void {
  const body = Buffer.from(lie.body ?? '')
  const manner = lie.manner ?? { kind: 'whole' }
  if (manner.kind === 'silent') return
  const head = headOf(lie, body.length)
  switch (manner.kind) {
    case 'whole':
      socket.write(Buffer.concat([head, body]))
      break
    case 'stalls':
      socket.write(Buffer.concat([head, body.subarray(0, manner.after)]))
      break
    case 'short':
      socket.end(Buffer.concat([head, body.subarray(0, manner.after)]))
      break
    case 'reset':
      socket.write(Buffer.concat([head, body.subarray(0, manner.after)]), reset)
      break
    case 'trickles':
      socket.write(head)
      trickle(socket, body, manner.everyMs)
      break
  }
}

function headOf({ status = 200, headers = JSON_TYPE }: Lie, length: number): Buffer {
  const lines = [`HTTP/1.1 ${status} Said`]
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`)
  const isFramed = headers.some((name) => /^(content-length|transfer-encoding)$/i.test(name))
  if (!isFramed) lines.push(`Content-Length: ${length}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8')
}

function trickle(socket: TLSSocket, body: Buffer, everyMs: number): void {
  let sent = 0
  const timer = setInterval(() => {
    if (sent >= body.length || socket.destroyed) clearInterval(timer)
    else socket.write(body.subarray(sent, (sent += 1)))
  }, everyMs)
  socket.on('close', () => clearInterval(timer))
}

/** Requests with a Content-Length or without a body, which is what the gateway sends. */
function readRequests(socket: TLSSocket, whole: (request: HeardRequest) => void): void {
  let bytes = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
      const headers = new Map(lines.map(headerOf))
      const length = Number(headers.get('content-length') ?? 0)
      if (bytes.length < end + 4 + length) return
      const [method = '', target = ''] = first.split(' ')
      const body = bytes.toString('utf8', end + 4, end + 4 + length)
      bytes = bytes.subarray(end + 4 + length)
      whole({ method, target, headers, body })
    }
  })
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}
