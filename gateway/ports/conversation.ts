/** Messages to and fro between a command and the gateway that holds the keys, on one machine, for one user. */
export interface Conversation {
  send(message: object): void
  /** The next message, attacker-controlled. Throws `ConversationOver` when the other side has gone. */
  receive(): Promise<unknown>
  close(): void
}

export class ConversationOver extends Error {
  override readonly name = 'ConversationOver'
}
