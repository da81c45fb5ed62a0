/** A conversation within one process: two ends that hear each other. */
import { ConversationOver } from '../../gateway/ports/conversation.ts'
import type { Conversation } from '../../gateway/ports/conversation.ts'

export function conversationPair(): readonly [Conversation, Conversation] {
  const one = new End()
  const other = new End()
  one.peer = other
  other.peer = one
  return [one, other]
}

interface Waiting {
  readonly resolve: (message: unknown) => void
  readonly reject: (fault: Error) => void
}

const GONE = new ConversationOver('the other side has gone')

class End implements Conversation {
  peer: End | undefined
  readonly #heard: unknown[] = []
  #waiting: Waiting | undefined
  #isOver = false

  send(message: object): void {
    this.peer?.hear(message)
  }

  hear(message: unknown): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#heard.push(message)
    else waiting.resolve(message)
  }

  receive(): Promise<unknown> {
    if (this.#heard.length > 0) return Promise.resolve(this.#heard.shift())
    if (this.#isOver) return Promise.reject(GONE)
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  close(): void {
    this.peer?.leave()
  }

  /** The other end has gone: what it said is still heard. */
  leave(): void {
    this.#isOver = true
    this.#waiting?.reject(GONE)
    this.#waiting = undefined
  }
}
