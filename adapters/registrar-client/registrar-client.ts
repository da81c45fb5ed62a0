/**
 * The registrar over mutual TLS. It must show the certificate of the gateway that the configuration names. Every call ends by its
 * deadline and keeps a bounded answer.
 */
import type { X509Certificate } from 'node:crypto'
import { Agent, request, type RequestOptions } from 'node:https'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import {
  RegistrarRefused,
  RegistrarUnavailable,
  type Registrar,
} from '../../gateway/ports/registrar.ts'

export interface RegistrarClientOptions {
  readonly url: URL
  /** PEM. */
  readonly tls: () => {
    readonly cert: string
    readonly key: string
    readonly ca: readonly string[]
  }
  /** Whether the certificate is the registrar's and good now; undefined, or why not. */
  readonly objection: (certificate: X509Certificate | undefined) => string | undefined
  readonly deadlineMs?: number
}

const DEADLINE_MS = 10_000
/** One answer holds a mebibyte of commits, or a single larger one. */
const LONGEST_ANSWER = 8 * 1024 * 1024
const LONGEST_SENTENCE = 300

export function makeRegistrarClient(options: RegistrarClientOptions): Registrar {
  const agent = new Agent({ keepAlive: true, maxSockets: 2, maxCachedSessions: 0 })
  const { deadlineMs = DEADLINE_MS, url } = options
  const ask = async (method: string, path: string, body?: string): Promise<Answer> => {
    const { ca, cert, key } = options.tls()
    const sent = request(new URL(path, url), {
      ...{ method, agent, cert, key, ca: [...ca], minVersion: 'TLSv1.3' },
      // Who answers is told by the URI in the certificate, which is compared below; never by a host's name.
      checkServerIdentity: () => undefined,
    } satisfies RequestOptions)
    return replyTo(sent, { ...options, deadlineMs, body })
  }
  return {
    async commits(from) {
      const { status, value } = await ask('GET', `/registry/commits?from=${String(from)}`)
      if (status === 409) throw new RegistrarRefused(wordsOf(status, value))
      if (status !== 200) throw new RegistrarUnavailable(wordsOf(status, value))
      return commitsOf(value)
    },
    async append({ kind, record }) {
      const body = JSON.stringify({ kind, record })
      const { status, value } = await ask('POST', '/registry/leaves', body)
      if (status === 409) throw new RegistrarRefused(wordsOf(status, value))
      const index = status === 200 ? memberOf(value, 'index') : undefined
      if (typeof index !== 'number') throw new RegistrarUnavailable(wordsOf(status, value))
      return index
    },
    close() {
      agent.destroy()
    },
  }
}

interface Answer {
  readonly status: number
  readonly value: unknown
}

function replyTo(
  sent: ClientRequest,
  its: RegistrarClientOptions & {
    readonly deadlineMs: number
    readonly body: string | undefined
  },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer)
      reject(new RegistrarUnavailable(`the registrar ${why}`))
      sent.destroy()
    }
    const timer = setTimeout(() => {
      fail('does not answer in time')
    }, its.deadlineMs)
    sent.on('error', (fault) => {
      fail(`can not be reached: ${'code' in fault ? String(fault.code) : fault.name}`)
    })
    // Before a byte of ours leaves, and once for each connection: one that is kept was looked at.
    sent.on('socket', (socket) => {
      const look = (): void => {
        const why = its.objection(certificateOf(socket))
        if (why === undefined) sent.end(its.body)
        else fail(`is not who it must be: ${why}`)
      }
      if (sent.reusedSocket) look()
      else socket.once('secureConnect', look)
    })
    sent.on('response', (response) => {
      collect(response, fail, (value) => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, value })
      })
    })
  })
}

function certificateOf(socket: unknown): X509Certificate | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
}

function collect(
  response: IncomingMessage,
  fail: (why: string) => void,
  done: (value: unknown) => void,
): void {
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LONGEST_ANSWER) fail('answers without an end')
    else chunks.push(chunk)
  })
  response.on('error', () => {
    fail('broke off')
  })
  response.on('end', () => {
    try {
      done(JSON.parse(Buffer.concat(chunks).toString('utf8')))
    } catch {
      fail('answers no JSON')
    }
  })
}

function commitsOf(value: unknown): readonly Commit[] {
  const commits = memberOf(value, 'commits')
  if (!Array.isArray(commits)) throw new RegistrarUnavailable('the registrar answers no commits')
  return commits.map((commit: unknown) => {
    const first = memberOf(commit, 'first')
    const count = memberOf(commit, 'count')
    const payload = memberOf(commit, 'payload')
    if (typeof first !== 'number' || typeof count !== 'number' || typeof payload !== 'string') {
      throw new RegistrarUnavailable('the registrar answers no commits')
    }
    return { first, count, payload: Buffer.from(payload, 'base64') }
  })
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return new Map<string, unknown>(Object.entries(value)).get(name)
}

/** Somebody else's sentence, for our operator's log and terminal: one line, bounded, nothing that controls either. */
function wordsOf(status: number, value: unknown): string {
  const refused = memberOf(value, 'refused')
  if (typeof refused !== 'string') return `the registrar answers ${String(status)}`
  return refused.slice(0, LONGEST_SENTENCE).replace(/[^ -~]/g, '?')
}
