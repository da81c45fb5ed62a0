/** Steps of a chain that wait for something, oldest first: sizes only grow, so one number tells which are done. */
export interface Step {
  /** Size of the chain behind it. */
  readonly to: number
  readonly records: number
  readonly bytes: number
  /** When it began to wait, milliseconds. */
  readonly since: number
}

export class WaitingLine {
  records = 0
  bytes = 0
  #steps: Step[] = []
  #done = 0

  get since(): number | undefined {
    return this.#steps[this.#done]?.since
  }

  add(step: Step): void {
    this.#steps.push(step)
    this.records += step.records
    this.bytes += step.bytes
  }

  /** Everything up to this size is done. */
  reached(size: number): void {
    for (let step = this.#steps[this.#done]; step !== undefined && step.to <= size;) {
      this.records -= step.records
      this.bytes -= step.bytes
      this.#done += 1
      step = this.#steps[this.#done]
    }
    if (this.#done < 1024) return
    this.#steps = this.#steps.slice(this.#done)
    this.#done = 0
  }
}
