/**
 * kafkajs 2.2.4 re-arms a timer with a negative delay for ever on every idle connection: up to 1,700 timers a second, 3 to 9 % of a
 * core, and a warning. Here it is armed only while a request waits in the queue; `push` arms it by itself, so nothing is lost.
 */
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'

/** Before the first connection of the process. */
export function cureIdleTimer(): void {
  const { prototype } = RequestQueue
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its `this` just below
  const original = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue): void {
    if (this.pending.length > 0) original.call(this)
  }
}
