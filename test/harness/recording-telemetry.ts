/** Telemetry that remembers what it was told, by a clock that moves by a millisecond whenever it is asked. */
import type { ExchangeEnded, Telemetry, TelemetryEvent } from '../../gateway/ports/telemetry.ts'

export class RecordingTelemetry implements Telemetry {
  readonly events: TelemetryEvent[] = []
  readonly sampling: number | undefined
  #time = 0

  constructor(sampling: number | undefined = 1) {
    this.sampling = sampling
  }

  readonly now = (): number => {
    this.#time += 1
    return this.#time
  }

  readonly tell = (event: TelemetryEvent): void => {
    this.events.push(event)
  }

  get exchanges(): readonly ExchangeEnded[] {
    return this.events.filter((event) => event.kind === 'exchange')
  }
}
