/** The parts inside kafkajs 2.2.4 that it has no types for: what a reader without a consumer group needs, and one cure. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  class RequestQueue {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests(): void
  }
  export default RequestQueue
}
