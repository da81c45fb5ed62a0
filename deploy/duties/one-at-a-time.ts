/** Runs one piece of work after the other: a hold that comes during an erasure is either before it or after it. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve()

  run<Answer>(work: () => Promise<Answer> | Answer): Promise<Answer> {
    const next = this.#last.then(work)
    this.#last = next.catch(() => undefined)
    return next
  }
}
