/**
 * 財政部財政資訊中心 (DEMO): income of one person by year, `GET /incomes?id=&years=114&relation=SELF`; the layout is that of
 * the yearly list of income (年度綜合所得稅各類所得資料清單).
 */
import type { Answer, Asked } from './department-server.ts'
import { found, notFound, refused } from './department-server.ts'
import { PERSONS, personOf } from './persons.ts'
import type { Person } from './persons.ts'

export interface IncomeRecord {
  /** ROC. */
  readonly taxYear: number
  readonly incomeCategory: 'SALARY' | 'INTEREST' | 'RENT'
  readonly formatCode: string
  readonly payerName: string
  readonly payerUbn: string
  /** TWD. */
  readonly grossAmount: number
  readonly withheldTax: number
}

export interface IncomeList {
  readonly subjectId: string
  readonly name: string
  readonly records: readonly IncomeRecord[]
  readonly totalGrossAmount: number
}

const FIRST_YEAR = 110
const LAST_YEAR = 114

export function incomeOf(person: Person, years: readonly number[]): IncomeList {
  const records = years
    .filter((year) => year >= FIRST_YEAR && year <= LAST_YEAR)
    .flatMap((year) => recordsOf(person, year))
  return {
    subjectId: person.subjectId,
    name: person.name,
    records,
    totalGrossAmount: records.reduce((sum, { grossAmount }) => sum + grossAmount, 0),
  }
}

function recordsOf({ serial }: Person, taxYear: number): IncomeRecord[] {
  const payer = {
    payerName: `示範虛構企業第${String(serial)}號股份有限公司`,
    payerUbn: String(90_000_017 + serial * 1_013),
  }
  // Six digits and more, none of them round: a search for one finds that one.
  const base = 312_347 + serial * 13_577 + (taxYear - FIRST_YEAR) * 10_007
  const salary = { taxYear, incomeCategory: 'SALARY', formatCode: '50', ...payer } as const
  const interest = { taxYear, incomeCategory: 'INTEREST', formatCode: '5A', ...payer } as const
  return [
    { ...salary, grossAmount: base, withheldTax: Math.floor(base / 20) },
    { ...interest, grossAmount: Math.floor(base / 3), withheldTax: Math.floor(base / 30) },
  ]
}

export function answerIncome(asked: Asked): Answer {
  if (asked.url.pathname !== '/incomes') return notFound('NO_SUCH_PATH')
  if (asked.method !== 'GET') return refused(405, 'METHOD_NOT_ALLOWED')
  const years = asked.url.searchParams.get('years') ?? ''
  if (!/^\d{1,3}(,\d{1,3})*$/.test(years)) return refused(400, 'MALFORMED_YEARS')
  const person = personOf(asked.url.searchParams.get('id') ?? '')
  if (person === undefined) return notFound('NO_SUCH_PERSON')
  return found(incomeOf(person, years.split(',').map(Number)))
}

/** All years of everybody, for `departmentData`. */
export function allIncomes(): readonly IncomeList[] {
  const years = Array.from({ length: LAST_YEAR - FIRST_YEAR + 1 }, (_, at) => FIRST_YEAR + at)
  return PERSONS.map((person) => incomeOf(person, years))
}
