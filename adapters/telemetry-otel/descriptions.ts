/** What is counted and measured as it is told: units (UCUM), words and the upper ends of buckets. */

/** Of the semantic conventions for HTTP durations. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
export const SHORT_SECONDS = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005],
  ...[0.01, 0.025, 0.1, 0.5, 1, 5],
]
export const RECORDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]

export const TOLD = {
  'http.server.request.duration': {
    unit: 's',
    description: 'Time from the first header of a request to the last byte of its reply',
  },
  'http.client.request.duration': {
    unit: 's',
    description: 'Time a provider took to answer, or to be given up',
  },
  'gongdao.exchange.duration': {
    unit: 's',
    description: 'Time of an exchange, all seven steps, by service, purpose, verdict and outcome',
  },
  'gongdao.step.duration': { unit: 's', description: 'Time of each of the seven steps' },
  'gongdao.refusals': {
    unit: '{request}',
    description:
      'Refusals and failures by code, wherever they happened; codes that never did are 0',
  },
  'gongdao.exchange.refusals': {
    unit: '{exchange}',
    description: 'Exchanges that ended with a code instead of a whole answer, by service',
  },
  'gongdao.admission.refusals': {
    unit: '{request}',
    description: 'Requests refused before they were an exchange: form, identity, load',
  },
  'gongdao.ledger.sync.duration': {
    unit: 's',
    description: 'Time to write and sync a batch of the journal',
  },
  'gongdao.ledger.batch.records': { unit: '{record}', description: 'Records in one batch' },
  'gongdao.ledger.written': { unit: 'By', description: 'Bytes written to the journal' },
  'gongdao.replication.duration': {
    unit: 's',
    description: 'Time until a batch was stored at the replicas and read back, or refused there',
  },
  'gongdao.breaker.open': {
    unit: '1',
    description: '1 while a provider is not asked because it did not answer',
  },
  'gongdao.connections': { unit: '{connection}', description: 'Open connections' },
  'gongdao.handshakes.failed': {
    unit: '{handshake}',
    description: 'Connections whose TLS handshake did not end well',
  },
  'gongdao.faults': { unit: '{fault}', description: 'Faults of the gateway itself' },
  'gongdao.notices': {
    unit: '{notice}',
    description: 'What an operator was told, by who must act',
  },
} as const

export type ToldName = keyof typeof TOLD
