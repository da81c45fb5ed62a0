/** One JSON value a line over a stream. */
import type { Socket } from 'node:net'
import { ConversationOver } from '../../gateway/ports/conversation.ts'
import type { Conversation } from '../../gateway/ports/conversation.ts'

interface Waiting {
  readonly resolve: (message: unknown) => void
  readonly reject: (fault: Error) => void
}

export class LineConversation implements Conversation {
  readonly #socket: Socket
  readonly #longest: number
  #pieces: Buffer[] = []
  #length = 0
  readonly #lines: Buffer[] = []
  readonly #waiting: Waiting[] = []
  #over: Error | undefined

  /** `longest`: a line of more bytes ends it. */
  constructor(socket: Socket, longest: number) {
    this.#socket = socket
    this.#longest = longest
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', () => this.#end('the connection has failed'))
    socket.on('close', () => this.#end('the other side has gone'))
  }

  send(message: object): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`)
  }

  receive(): Promise<unknown> {
    const line = this.#lines.shift()
    if (line !== undefined) return Promise.resolve(line).then(parse)
    if (this.#over !== undefined) return Promise.reject(this.#over)
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  close(): void {
    this.#socket.end()
  }

  /** What was said before is still heard, and answered. */
  hearNoMore(): void {
    this.#end('the gateway is stopping: nothing more is begun')
  }

  #take(chunk: Buffer): void {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(0x0a, from)
      if (end < 0) break
      this.#pieces.push(chunk.subarray(from, end))
      this.#line(Buffer.concat(this.#pieces))
      this.#pieces = []
      this.#length = 0
      from = end + 1
    }
    this.#pieces.push(chunk.subarray(from))
    this.#length += chunk.length - from
    if (this.#length <= this.#longest) return
    this.#pieces = []
    this.#socket.destroy()
  }

  #line(line: Buffer): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#lines.push(line)
    else {
      try {
        next.resolve(parse(line))
      } catch (fault) {
        next.reject(fault instanceof Error ? fault : new ConversationOver('no JSON'))
      }
    }
  }

  #end(why: string): void {
    this.#over ??= new ConversationOver(why)
    for (const { reject } of this.#waiting.splice(0)) reject(this.#over)
  }
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString()) as unknown
  } catch {
    // The message is not repeated: what stands in it may be personal.
    throw new ConversationOver('what came is not JSON')
  }
}
