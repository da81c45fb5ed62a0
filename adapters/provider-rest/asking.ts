/**
 * One request to a provider, from the queue to the last byte of the answer. Settles exactly once, whatever comes first:
 * the whole answer, a fault, the deadline, too many bytes, or the consumer's leaving.
 */
import type { Dispatcher } from 'undici'
import { GatheredBytes } from '../../gateway/exchange/wire/gathered-bytes.ts'
import type { ProviderAnswer, ProviderRequest } from '../../gateway/ports/provider.ts'
import { ProviderUntrusted } from './connect.ts'

export interface Ends {
  readonly resolve: (answer: ProviderAnswer) => void
  /** A fault of our own: the request could not even be written down. */
  readonly reject: (fault: Error) => void
  /** undici holds on to the request no longer. */
  readonly left: () => void
}

type Why = Extract<ProviderAnswer, { kind: 'unanswered' }>['why']

export class Asking implements Dispatcher.DispatchHandler {
  readonly #request: ProviderRequest
  readonly #ends: Ends
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = (): void => {
    this.#giveUp('aborted')
  }
  #settled = false
  /** From here on a byte of the request may have left. */
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: readonly string[] = []
  readonly #body = new GatheredBytes()

  constructor(request: ProviderRequest, ends: Ends) {
    this.#request = request
    this.#ends = ends
    this.#timer = setTimeout(() => {
      this.#giveUp('timeout')
    }, request.deadlineMs)
    request.signal.addEventListener('abort', this.#onAbort)
  }

  /** Called just before the request is written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) {
      controller.abort(new GivenUp())
      return
    }
    this.#controller = controller
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // 1xx says nothing that a consumer could use; the answer is still to come (RFC 9110 15.2).
    if (status < 200) return
    this.#status = status
    this.#headers = textsOf(controller.rawHeaders)
    const length = lengthIn(this.#headers)
    if (length === 'unknown' && hasBody(this.#request.method, status)) {
      // Ended by closing the connection: nobody can tell whether it is whole (RFC 9112 8).
      this.#giveUp('broken')
    } else if (typeof length === 'number' && length > this.#request.maxResponseBytes) {
      if (hasBody(this.#request.method, status)) this.#giveUp('too-large')
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return
    if (this.#body.length + chunk.length > this.#request.maxResponseBytes) {
      this.#giveUp('too-large')
      return
    }
    this.#body.add(chunk)
  }

  onResponseEnd(): void {
    this.#ends.left()
    this.#settle({
      kind: 'answered',
      status: this.#status,
      headers: this.#headers,
      body: this.#body.whole(),
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#ends.left()
    if (this.#settled) return
    if ('code' in error && error.code === 'UND_ERR_INVALID_ARG') {
      this.#free()
      this.#ends.reject(error)
    } else if (this.#controller === undefined) {
      const untrusted = error instanceof ProviderUntrusted
      this.#settle({ kind: 'not-sent', why: untrusted ? 'untrusted' : 'unreachable' })
    } else {
      this.#settle({ kind: 'unanswered', why: 'broken' })
    }
  }

  #giveUp(why: Why): void {
    if (this.#settled) return
    const controller = this.#controller
    if (controller === undefined) {
      // Still waiting for a connection: onRequestStart will find this settled and write nothing.
      this.#settle({ kind: 'not-sent', why: why === 'aborted' ? 'aborted' : 'unreachable' })
      return
    }
    this.#settle({ kind: 'unanswered', why })
    controller.abort(new GivenUp())
  }

  #settle(answer: ProviderAnswer): void {
    if (this.#settled) return
    this.#free()
    this.#ends.resolve(answer)
  }

  #free(): void {
    this.#settled = true
    this.#body.clear()
    clearTimeout(this.#timer)
    this.#request.signal.removeEventListener('abort', this.#onAbort)
  }
}

/** Why we closed the connection; nobody outside sees it. */
class GivenUp extends Error {
  override readonly name = 'GivenUp'
}

/** Each byte one character, as Node shows headers: latin1 brings the same bytes back. */
function textsOf(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return []
  return raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')))
}

function hasBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304
}

function lengthIn(headers: readonly string[]): number | 'chunked' | 'unknown' {
  let length: number | 'chunked' | 'unknown' = 'unknown'
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]?.toLowerCase()
    // Any other coding ends where the connection does (RFC 9112 6.3).
    if (name === 'transfer-encoding') {
      return headers[at + 1]?.trim().toLowerCase() === 'chunked' ? 'chunked' : 'unknown'
    }
    if (name === 'content-length') length = Number(headers[at + 1])
  }
  return length
}
