/**
 * A witness over HTTPS. Whatever the peer does, each call ends by its deadline, keeps a bounded answer, and throws nothing: a byte a
 * second, an endless answer, a connection that is never taken are all `away`.
 */
import { Agent, request } from 'node:https'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Witness, WitnessAway, WitnessReply } from '../../gateway/ports/witness.ts'

export interface WitnessClientOptions {
  readonly vkey: string
  /** Submission prefix, as in C2SP tlog-witness. */
  readonly url: URL
  /** PEM of the CA that its certificate must come from; absent: those that the system trusts. */
  readonly ca?: string
  readonly deadlineMs?: number
}

export interface WitnessClient extends Witness {
  close(): void
}

const DEADLINE_MS = 5_000
/** Signature lines of a few hundred bytes, or a list of complaints. */
const LONGEST_ANSWER = 64 * 1024

export function makeWitnessClient(options: WitnessClientOptions): WitnessClient {
  const { ca, deadlineMs = DEADLINE_MS, url, vkey } = options
  const agent = new Agent({ keepAlive: true, maxSockets: 4, ...(ca !== undefined && { ca }) })
  const ask = (method: string, path: string, body?: string): Promise<WitnessReply> => {
    const target = new URL(`${url.pathname.replace(/\/$/, '')}/${path}`, url)
    const headers = { 'Content-Type': 'text/plain; charset=utf-8' }
    const sent = request(target, { method, headers, agent, minVersion: 'TLSv1.2' })
    const reply = replyTo(sent, deadlineMs)
    sent.end(body)
    return reply
  }
  return {
    vkey,
    post: (path, body) => ask('POST', path, body),
    get: (path) => ask('GET', path),
    close: () => {
      agent.destroy()
    },
  }
}

function replyTo(sent: ClientRequest, deadlineMs: number): Promise<WitnessReply> {
  return new Promise((resolve) => {
    const away = (why: WitnessAway): void => {
      clearTimeout(timer)
      resolve({ kind: 'away', why })
      sent.destroy()
    }
    const timer = setTimeout(() => {
      away('timeout')
    }, deadlineMs)
    let hasAnswered = false
    sent.on('error', (fault) => {
      away(hasAnswered ? 'broken' : isUntrusted(fault) ? 'untrusted' : 'unreachable')
    })
    sent.on('response', (response) => {
      hasAnswered = true
      collect(response, away, (body) => {
        clearTimeout(timer)
        const { headers, statusCode = 0 } = response
        const contentType = headers['content-type'] ?? ''
        resolve({ kind: 'answered', status: statusCode, contentType, body })
      })
    })
  })
}

function collect(
  response: IncomingMessage,
  away: (why: WitnessAway) => void,
  done: (body: string) => void,
): void {
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LONGEST_ANSWER) away('too-large')
    else chunks.push(chunk)
  })
  response.on('end', () => {
    done(Buffer.concat(chunks).toString('utf8'))
  })
  response.on('error', () => {
    away('broken')
  })
}

/** Errors of OpenSSL's verification and of the host name's; any other is one of the network. */
function isUntrusted(fault: Error): boolean {
  const code = 'code' in fault && typeof fault.code === 'string' ? fault.code : ''
  return /CERT|ISSUER|SIGNATURE|ALTNAME|CHAIN|CA_|SSL/.test(code)
}
