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

class End implements Conversation {
  peer: End | undefined
  readonly #heard: unknown[] = []
  #waiting: ((message: unknown) => void) | undefined
  #isOver = false

  send(message: object): void {
    this.peer?.hear(message)
  }

  hear(message: unknown): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#heard.push(message)
    else waiting(message)
  }

  receive(): Promise<unknown> {
    if (this.#heard.length > 0) return Promise.resolve(this.#heard.shift())
    if (this.#isOver) return Promise.reject(new ConversationOver('the other side has gone'))
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  close(): void {
    this.#isOver = true
  }
}
