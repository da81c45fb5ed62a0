/** Three departments' systems as a test wants them: real HTTPS servers with their own certificates, any answer. */
import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { SubsystemId } from '../../policies/vocabulary.ts'

export interface Received {
  readonly method: string
  /** Path and query as they arrived. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

export interface Department {
  readonly url: URL
  /** Everything that arrived, oldest first. */
  readonly received: Received[]
  /** What is answered from now on. */
  answer: (received: Received) => Answer | Promise<Answer>
  /** Shows another certificate from now on; what is connected is cut off. */
  present(tls: { readonly cert: string; readonly key: string }): void
}

export interface Departments {
  readonly enrolment: Department
  readonly income: Department
  readonly household: Department
  readonly addresses: ReadonlyMap<SubsystemId, URL>
  close(): Promise<void>
}

export const ENROLMENT = SubsystemId.parse('TW/GOV/A21030000I/nhi-enrolment')
export const INCOME = SubsystemId.parse('TW/GOV/MOF/income')
export const HOUSEHOLD = SubsystemId.parse('TW/GOV/301000000A/household')

/** Every personal value (≥ 6 bytes) that is asked for or answered with: nothing of it may stand in the data folder. */
export const CANARIES = [
  'A000000018',
  'A300000014',
  'F300000037',
  'H300000048',
  '測試甲',
  '範例乙',
  '王示範',
  '示範市虛構區測試路 1 號',
  '範例股份有限公司',
  '87654321',
  '1512345',
  '1043210',
  '北市DEMO-0001',
  '1990-02-03',
] as const

type Tls = { readonly cert: string; readonly key: string; readonly ca: string }

export async function startDepartments(tlsOf: (id: SubsystemId) => Tls): Promise<Departments> {
  const [enrolment, income, household] = await Promise.all([
    startDepartment(tlsOf(ENROLMENT), answerEnrolment),
    startDepartment(tlsOf(INCOME), answerIncome),
    startDepartment(tlsOf(HOUSEHOLD), answerHousehold),
  ])
  return {
    enrolment,
    income,
    household,
    addresses: new Map([
      [ENROLMENT, enrolment.url],
      [INCOME, income.url],
      [HOUSEHOLD, household.url],
    ]),
    async close() {
      await Promise.all([enrolment.close(), income.close(), household.close()])
    },
  }
}

async function startDepartment(
  tls: Tls,
  answer: Department['answer'],
): Promise<Department & { close(): Promise<void> }> {
  const received: Received[] = []
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true })
  const department = { url: new URL('https://127.0.0.1'), received, answer, close, present }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void serve(request, response, department).catch(() => request.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  department.url.port = String((server.address() as AddressInfo).port)
  return department

  function present(other: { readonly cert: string; readonly key: string }): void {
    server.setSecureContext({ ...tls, ...other })
    server.closeAllConnections()
  }

  async function close(): Promise<void> {
    server.closeAllConnections()
    await new Promise((resolve) => {
      server.close(resolve)
    })
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  department: Department,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const { headers, method = '', url = '' } = request
  const one = { method, url, headers, body: Buffer.concat(chunks).toString() }
  department.received.push(one)
  const { body, headers: own = {}, status = 200 } = await department.answer(one)
  response.writeHead(status, { 'content-type': 'application/json', ...own })
  response.end(body)
}

function answerEnrolment({ url }: Received): Answer {
  const subjectId = new URL(url, 'https://x.invalid').pathname.split('/').at(-1)
  return {
    body: JSON.stringify({
      subjectId,
      isInsured: true,
      insuredCategory: '1',
      insuredUnit: '範例股份有限公司',
      icd10: 'E11.9',
      name: '測試甲',
    }),
  }
}

function answerIncome({ url }: Received): Answer {
  const subjectId = new URL(url, 'https://x.invalid').searchParams.get('id')
  const record = {
    taxYear: 114,
    incomeCategory: 'SALARY',
    formatCode: '50',
    grossAmount: 1512345,
    withheldTax: 1043210,
    payerName: '範例股份有限公司',
    payerUbn: '87654321',
  }
  return { body: JSON.stringify({ subjectId, records: [record], 王示範: '範例乙' }) }
}

function answerHousehold({ body }: Received): Answer {
  const { subjectId } = JSON.parse(body) as { subjectId: string }
  return {
    body: JSON.stringify({
      subjectId,
      name: '王示範',
      birthDate: '1990-02-03',
      address: { city: '示範市', district: '虛構區', street: '示範市虛構區測試路 1 號' },
    }),
  }
}
