/**
 * The daily secrets under which a caller's Idempotency-Key stands in the log. One serves its own day and the day after
 * (a repeat is honoured for 24 h), so it is destroyed 48 h after its day began. After that nobody can tell from the
 * log which keys a caller used.
 */
import type { Chance, Clock } from '../../gateway/ports/clock.ts'
import type { KeyFile } from './key-file.ts'

const SECRET_BYTES = 32
const DAY = 86_400_000
const LOOKS_EVERY = 60_000
const PREFIX = 'repeat/'

export class RepeatSecrets {
  readonly #file: KeyFile
  readonly #chance: Chance
  readonly #clock: Clock
  readonly #known = new Map<string, Buffer>()
  readonly #timer: NodeJS.Timeout
  #sweptOn = ''

  constructor(file: KeyFile, chance: Chance, clock: Clock) {
    this.#file = file
    this.#chance = chance
    this.#clock = clock
    this.#destroyOld()
    // An idle gateway destroys them as well.
    this.#timer = setInterval(() => this.#destroyInTheBackground(), LOOKS_EVERY).unref()
  }

  /** The secret of today or yesterday, durable; made when it is asked for the first time. */
  of(day: string): Buffer {
    this.#destroyOld()
    if (day !== this.#day(0) && day !== this.#day(-1)) {
      throw new RangeError("only today's and yesterday's repeat secrets exist")
    }
    const known = this.#known.get(day)
    if (known !== undefined) return known
    const secret = this.#file.findSecret(PREFIX + day) ?? this.#make(day)
    this.#known.set(day, secret)
    return secret
  }

  close(): void {
    clearInterval(this.#timer)
    this.#known.clear()
  }

  #make(day: string): Buffer {
    const secret = this.#chance.bytes(SECRET_BYTES)
    this.#file.inOneTransaction((file) => file.addSecret(PREFIX + day, secret))
    return secret
  }

  #destroyOld(): void {
    const today = this.#day(0)
    if (this.#sweptOn === today) return
    const oldestKept = this.#day(-1)
    this.#file.inOneTransaction((file) => file.destroySecrets(PREFIX, PREFIX + oldestKept))
    for (const day of this.#known.keys()) if (day < oldestKept) this.#known.delete(day)
    this.#sweptOn = today
  }

  /** A failure is not lost here: it is met again, and thrown, when a secret is asked for next. */
  #destroyInTheBackground(): void {
    try {
      this.#destroyOld()
    } catch {
      this.#sweptOn = ''
    }
  }

  /** UTC, days from today. */
  #day(distance: number): string {
    return new Date(this.#clock.now() + distance * DAY).toISOString().slice(0, 10)
  }
}
