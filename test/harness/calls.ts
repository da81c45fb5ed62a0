/** Requests as departments' systems send them, and replies as they read them. */
import { hash } from 'node:crypto'
import type { Peer } from '../../certs/peer.ts'
import type { Call, Reply } from '../../gateway/exchange/call.ts'
import { Digest, Instant, SubsystemId } from '../../policies/vocabulary.ts'

export const LABOUR = 'TW/GOV/A17000000J/labour-insurance'
export const CITY = 'TW/GOV/379000000A/social-assistance'
export const PROCESSOR = 'TW/GOV/379DOIT/shared-services'
export const ENROLMENTS = '/r1/TW/GOV/A21030000I/nhi-enrolment/enrolment'
export const INCOMES = '/r1/TW/GOV/MOF/income/annual-income/incomes'
export const HOUSEHOLDS = '/r1/TW/GOV/301000000A/household/household-record/household-records'

export interface CallChange {
  readonly method?: string
  readonly path?: string
  readonly query?: string | undefined
  /** Added to, or put in the place of, the usual ones; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Instead of all headers. */
  readonly rawHeaders?: readonly string[]
  readonly body?: string | Buffer | undefined
  readonly consumer?: string
  readonly signal?: AbortSignal
}

/** S3: is A000000018 insured? */
export function enrolment(change: CallChange = {}): Call {
  return call({
    consumer: LABOUR,
    path: `${ENROLMENTS}/enrolments/A000000018`,
    ...change,
    headers: { 'Exchange-Purpose': '031', ...change.headers },
  })
}

/** S1: the income of A300000014 in the newest tax year. */
export function income(change: CallChange = {}): Call {
  return call({
    consumer: CITY,
    path: INCOMES,
    query: 'id=A300000014&years=114&relation=SELF',
    ...change,
    headers: {
      'Exchange-Purpose': '074',
      'Exchange-Case': "UTF-8''%E5%8C%97%E5%B8%82DEMO-0001",
      ...change.headers,
    },
  })
}

/** The household record of F300000037, asked for with POST. */
export function household(change: CallChange = {}): Call {
  return call({
    consumer: CITY,
    method: 'POST',
    path: HOUSEHOLDS,
    body: '{"subjectId":"F300000037"}',
    ...change,
    headers: { 'Content-Type': 'application/json', ...change.headers },
  })
}

export function call(change: CallChange): Call {
  const consumer = change.consumer ?? LABOUR
  const named: [string, string | undefined][] = Object.entries({
    'X-Road-Client': consumer,
    ...change.headers,
  })
  const headers = named.flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
  return {
    method: change.method ?? 'GET',
    path: change.path ?? '/r1/',
    query: change.query,
    headers: change.rawHeaders ?? headers,
    body: change.body === undefined ? undefined : Buffer.from(change.body),
    peer: peerOf(consumer),
    signal: change.signal ?? new AbortController().signal,
  }
}

export function peerOf(subsystem: string): Peer {
  return {
    subsystem: SubsystemId.parse(subsystem),
    certificate: Digest.parse(hash('sha256', `certificate of ${subsystem}`, 'base64url')),
    serial: '2a',
    notBefore: Instant.parse('2026-01-01T00:00:00Z'),
    notAfter: Instant.parse('2027-12-31T00:00:00Z'),
  }
}

/** Undefined when there is none; throws when it stands twice. */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  const values = headers.filter(
    (_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name.toLowerCase(),
  )
  if (values.length > 1) throw new Error(`${name} stands ${values.length} times`)
  return values[0]
}

export function codeOf(reply: Reply): string | undefined {
  return headerOf(reply.headers, 'X-Road-Error')
}

export function jsonOf(reply: Reply): unknown {
  return JSON.parse(reply.body.toString())
}
