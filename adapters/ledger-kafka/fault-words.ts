/** What a fault of kafkajs may be called in our own sentences: a name of the protocol or of kafkajs, never a server's text. */

/** Attacker-controlled in part: messages of kafkajs quote what servers say. */
export function faultWord(fault: unknown): string {
  const words = chainOf(fault).map(({ name, type }) =>
    typeof type === 'string' && /^[A-Z][A-Z_]{2,59}$/.test(type) ? type : String(name),
  )
  const protocol = words.find((word) => /^[A-Z_]+$/.test(word))
  const named = words.findLast((word) => /^KafkaJS[A-Za-z]{1,60}$/.test(word))
  return protocol ?? named ?? 'an unknown fault'
}

/** Whether it is about who we are, or what we may do: asking again brings nothing. */
export function isRefusal(word: string): boolean {
  return word.endsWith('_AUTHORIZATION_FAILED') || word.includes('Authentication')
}

interface Fault {
  readonly name?: unknown
  readonly type?: unknown
  readonly cause?: unknown
}

function chainOf(fault: unknown, depth = 5): Fault[] {
  if (typeof fault !== 'object' || fault === null || depth === 0) return []
  const one: Fault = fault
  return [one, ...chainOf(one.cause, depth - 1)]
}
