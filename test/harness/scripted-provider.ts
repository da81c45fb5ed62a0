/** Departments' systems that answer as a script says, and remember what they were sent. Keeps the port's promises. */
import type { Provider, ProviderAnswer, ProviderRequest } from '../../gateway/ports/provider.ts'

export type Script = (request: ProviderRequest) => ProviderAnswer | Promise<ProviderAnswer>

export class ScriptedProvider implements Provider {
  readonly asked: ProviderRequest[] = []
  script: Script
  readonly #onAsked: (request: ProviderRequest) => void

  constructor(script: Script, onAsked: (request: ProviderRequest) => void) {
    this.script = script
    this.#onAsked = onAsked
  }

  async ask(request: ProviderRequest): Promise<ProviderAnswer> {
    if (request.signal.aborted) return { kind: 'not-sent', why: 'aborted' }
    this.asked.push(request)
    this.#onAsked(request)
    const left = new Promise<ProviderAnswer>((resolve) => {
      request.signal.addEventListener('abort', () =>
        resolve({ kind: 'unanswered', why: 'aborted' }),
      )
    })
    return Promise.race([this.script(request), left])
  }
}

/** `body`: text, or anything that becomes JSON. */
export function answered(
  body: unknown,
  status = 200,
  headers: readonly string[] = ['Content-Type', 'application/json'],
): ProviderAnswer {
  return { kind: 'answered', status, headers, body: bytesOf(body) }
}

function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Answers truly, about whoever was asked about. */
export function truthful(request: ProviderRequest): ProviderAnswer {
  return answered(truthAbout(request))
}

export function truthAbout(request: ProviderRequest): object {
  if (request.service.endsWith('/enrolment')) {
    const subjectId = /^\/enrolments\/([^?]+)/.exec(request.pathAndQuery)?.[1]
    return {
      subjectId,
      isInsured: true,
      insuredCategory: '1',
      icd10: 'Z99.2',
      insuredAmount: 45800,
    }
  }
  if (request.service.endsWith('/annual-income')) {
    const subjectId = /[?&]id=([^&]+)/.exec(request.pathAndQuery)?.[1]
    return { subjectId, records: [INCOME] }
  }
  const { subjectId } = JSON.parse(String(request.body)) as { subjectId: string }
  return { subjectId, name: '範例乙', birthDate: '1970-01-01', address: ADDRESS }
}

const INCOME = {
  taxYear: 114,
  incomeCategory: 'SALARY',
  formatCode: '50',
  grossAmount: 512345,
  withheldTax: 20480,
  payerName: '範例公司',
}
const ADDRESS = { city: '示範市', district: '虛構區', street: '測試路 1 號' }
