/**
 * A shared counter is believed only where what it says can be the case: a count from 1 on, and a window that ends within its own length.
 * Whatever else it says (somebody wrote to its keys, or another server answers at its address) is a failure like no answer at all:
 * otherwise a count below nothing would let everything pass, and a window without an end would let nobody pass for ever.
 */

/** What rate-limiter-flexible asks of an ioredis client. */
interface Scripted {
  readonly status: string
  defineCommand(name: string, script: object): void
  /** Count and milliseconds that are left of the window. */
  rlflxIncr(words: readonly string[]): Promise<unknown>
}

export function believed(client: object, withinSeconds: number): object {
  const scripted = client as Scripted
  const asked: Scripted = {
    get status() {
      return scripted.status
    },
    defineCommand(name, script) {
      scripted.defineCommand(name, script)
    },
    async rlflxIncr(words) {
      const said = await scripted.rlflxIncr(words)
      if (canBe(said, withinSeconds * 1000)) return said
      throw new Error('the shared counter says what can not be')
    },
  }
  return asked
}

function canBe(said: unknown, windowMs: number): boolean {
  if (!Array.isArray(said)) return false
  const [count, left] = said as readonly unknown[]
  return isBetween(count, 1, Number.MAX_SAFE_INTEGER) && isBetween(left, 0, windowMs)
}

function isBetween(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
}
