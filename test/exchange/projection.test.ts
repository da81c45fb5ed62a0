import { expect, test } from '@jest/globals'
import { compileProjection } from '../../gateway/exchange/minimise/compile-projection.ts'
import { project, type Projected } from '../../gateway/exchange/minimise/project.ts'
import type { EndpointRegistration, FieldRegistration } from '../../policies/service.ts'
import { isNationalNumber } from '../../policies/national-number.ts'
import { endpoint, field, names } from './registrations.ts'

const ASKED = 'A000000018'
const OTHER = 'A000000027'

const person = endpoint({
  subject: 'id',
  subjectInResponse: '/id',
  fields: [
    field('id', '/id', { type: 'national-id' }),
    field('name', '/name', { maxLength: 4 }),
    field('amount', '/income/amount', { type: 'integer' }),
    field('rate', '/income/rate', { type: 'number', nullable: true }),
    field('payer', '/income/payer'),
    field('icd10', '/icd10', { type: 'code', maxLength: 8, article6: true }),
  ],
  errorFields: [field('reason', '/reason', { type: 'code', maxLength: 20, pattern: '[A-Z_]+' })],
})

const records = endpoint({
  subject: 'id',
  subjectInResponse: '/records/*/id',
  fields: [
    field('id', '/records/*/id', { type: 'national-id' }),
    field('year', '/records/*/year', { type: 'year' }),
    field('codes', '/records/*/codes/*', { type: 'code', maxLength: 3 }),
    field('total', '/total', { type: 'number' }),
  ],
})

function ask(
  registration: EndpointRegistration,
  permitted: readonly string[],
  answer: string | Buffer,
  subject: string | undefined = ASKED,
): Projected {
  return project(
    compileProjection(registration, names(...permitted), 'fields'),
    Buffer.from(answer),
    subject,
  )
}

/** What one field of a type lets through, where nobody is identifiable. */
function one(changes: Partial<FieldRegistration>, value: string): string {
  const registration = endpoint({ fields: [field('it', '/it', changes)] })
  const answer = project(
    compileProjection(registration, names('it'), 'fields'),
    Buffer.from(`{"it":${value}}`),
    undefined,
  )
  return answer.kind === 'projected' ? answer.body.toString() : answer.code
}

function bodyOf(answer: Projected): string {
  return answer.kind === 'projected' ? answer.body.toString() : answer.code
}

test('only permitted fields leave; what was there is told by name', () => {
  const answer = ask(
    person,
    ['amount', 'name'],
    `{"id":"${ASKED}","name":"測試甲","icd10":"F32","income":{"payer":"示範","amount":5},"extra":{"name":1},"b":0}`,
  )
  expect(answer).toEqual({
    kind: 'projected',
    body: Buffer.from('{"name":"測試甲","income":{"amount":5}}'),
    passed: ['amount', 'name'],
    removed: ['icd10', 'id', 'payer'],
    others: ['b', 'extra'],
    subjectCheck: 'same',
  })
})

test('numbers and strings leave as they were written', () => {
  const amount = '9007199254740993123'
  const rates = ['1.10', '1E400', '-0.0', '1e-7', '123456789012345678901234567890.5']
  for (const rate of rates) {
    const text = `{"id":"\\u0041000000018","income":{"amount":${amount},"rate":${rate}}}`
    expect(bodyOf(ask(person, ['id', 'amount', 'rate'], text))).toBe(text)
  }
})

test('white space between tokens is dropped, inside strings it stays', () => {
  const answer = ` {\r\n\t"id" : "${ASKED}" ,"x" : [ 1 , 2 ] , "name" :"a  b" , "income" : { "payer":"" , "rate" :\nnull } } `
  expect(bodyOf(ask(person, ['name', 'rate'], answer))).toBe(
    '{"name":"a  b","income":{"rate":null}}',
  )
})

test('arrays keep their order and length; containers stay where something permitted is registered in them', () => {
  const one = `{"id":"${ASKED}","year":113,"codes":["b","a"],"z":1}`
  const two = `{"id":"${ASKED}","q":{}}`
  const answer = `{"records":[${one},${two}],"total":1}`
  expect(bodyOf(ask(records, ['codes'], answer))).toBe('{"records":[{"codes":["b","a"]},{}]}')
  expect(bodyOf(ask(records, ['total'], answer))).toBe('{"total":1}')
  expect(bodyOf(ask(records, ['year', 'total'], answer))).toBe(
    '{"records":[{"year":113},{}],"total":1}',
  )
  expect(bodyOf(ask(records, [], answer))).toBe('{}')
})

test('null under a name where a container is registered is as good as nothing', () => {
  expect(
    bodyOf(ask(person, ['amount', 'name'], `{"income":null,"id":"${ASKED}","name":"x"}`)),
  ).toBe('{"name":"x"}')
  expect(bodyOf(ask(person, ['amount'], `{"income":[],"id":"${ASKED}"}`))).toBe(
    'Server.Provider.Malformed',
  )
  // Not permitted: nothing of it leaves, so it does not matter what it is.
  expect(bodyOf(ask(person, ['name'], `{"income":[],"id":"${ASKED}","name":"x"}`))).toBe(
    '{"name":"x"}',
  )
})

test('an answer about another person is refused, whether or not the number may pass', () => {
  for (const permitted of [['name', 'id'], ['name']]) {
    const wrong = [
      `{"id":"${OTHER}","name":"x"}`,
      '{"name":"x"}',
      '{"id":null,"name":"x"}',
      '{"id":["A000000018"]}',
    ]
    for (const answer of [...wrong, '{}', `{"id":{"id":"${ASKED}"}}`]) {
      const { code } = ask(person, permitted, answer) as { code?: string }
      expect([answer, code]).toEqual([answer, expect.stringMatching(/WrongSubject|Malformed/)])
    }
    expect(ask(person, permitted, `{"id":"${ASKED}","name":"x"}`).kind).toBe('projected')
    expect(ask(person, permitted, `{"\\u0069d":"A00000\\u0030018","name":"x"}`).kind).toBe(
      'projected',
    )
  }
  expect(ask(person, ['name'], `{"id":"${OTHER}"}`)).toEqual({
    kind: 'refused',
    code: 'Server.Provider.WrongSubject',
  })
  const compiled = compileProjection(person, names('name'), 'fields')
  expect(project(compiled, Buffer.from(`{"id":"${ASKED}"}`), undefined)).toMatchObject({
    code: 'Server.Provider.WrongSubject',
  })
})

test('each record must say whom it is about; no record says nothing about anybody', () => {
  const good = `{"id":"${ASKED}"}`
  expect(bodyOf(ask(records, ['year'], `{"records":[${good},${good}]}`))).toBe(
    '{"records":[{},{}]}',
  )
  for (const bad of ['{}', `{"id":"${OTHER}"}`, `{"id":"${ASKED} "}`, `{"id":1}`]) {
    expect(bodyOf(ask(records, ['year'], `{"records":[${good},${bad}]}`))).toBe(
      'Server.Provider.WrongSubject',
    )
  }
  expect(ask(records, ['year'], '{"records":[]}')).toMatchObject({
    subjectCheck: 'provider-asserted',
  })
  for (const absent of ['{}', '{"records":null}']) {
    expect(bodyOf(ask(records, ['total'], absent))).toBe('Server.Provider.WrongSubject')
  }
})

test('a permitted number of another person is refused, a dropped one is dropped', () => {
  const household = endpoint({
    subject: 'id',
    subjectInResponse: '/id',
    fields: [
      field('id', '/id', { type: 'national-id' }),
      field('member', '/members/*/id', { type: 'national-id' }),
      field('remark', '/remark'),
    ],
  })
  const answer = (member: string, remark = ''): string =>
    `{"id":"${ASKED}","members":[{"id":"${ASKED}"},{"id":"${member}"}],"remark":"${remark}"}`
  expect(ask(household, ['member'], answer(OTHER))).toEqual({
    kind: 'refused',
    code: 'Server.Provider.FurtherPeople',
  })
  expect(bodyOf(ask(household, ['remark'], answer(OTHER)))).toBe('{"remark":""}')
  expect(ask(household, ['member'], answer(ASKED)).kind).toBe('projected')
  expect(ask(household, ['member'], answer('A000000019'))).toEqual({
    kind: 'refused',
    code: 'Server.Provider.Malformed',
    place: 'member',
  })
})

test('free text with the number of another person in it is refused', () => {
  const remark = endpoint({
    subject: 'id',
    fields: [field('remark', '/remark', { maxLength: 200 })],
  })
  const named = [
    OTHER,
    `母親${OTHER}同住`,
    `x${OTHER}`,
    'a000000027',
    `${ASKED} ${OTHER}`,
    'A\\u0030000\\u0030002\\u0037',
  ]
  for (const text of [...named, '1'.repeat(30) + OTHER, `${'測'.repeat(60)}${OTHER}。`]) {
    expect([text, bodyOf(ask(remark, ['remark'], `{"remark":"${text}"}`))]).toEqual([
      text,
      'Server.Provider.FurtherPeople',
    ])
  }
  const harmless = [
    '',
    '測試甲',
    ASKED,
    `${ASKED}，${ASKED}`,
    'A000000019',
    'A0000000270',
    '12345678',
    '2026-11-22',
  ]
  for (const text of harmless) {
    expect(ask(remark, ['remark'], `{"remark":"${text}"}`).kind).toBe('projected')
  }
  const asked = compileProjection(remark, names('remark'), 'fields')
  expect(project(asked, Buffer.from(`{"remark":"${ASKED}"}`), undefined).kind).toBe('refused')
})

test('a number in free text is found wherever it begins, in its shortest form too', () => {
  const remark = endpoint({
    subject: 'id',
    fields: [field('remark', '/remark', { maxLength: 200 })],
  })
  // The form before 2021: two letters and eight digits. Made here, so that nobody's number stands in this file.
  const old = Array.from('0123456789', (digit) => `AC0000000${digit}`)
  const number = old.find((candidate) => isNationalNumber(candidate, { syntheticIds: false })) ?? ''
  for (let before = 0; before <= 24; before += 1) {
    for (const after of ['', 'x', '。', '-0']) {
      const answer = `{"remark":"${'-'.repeat(before)}${number}${after}"}`
      expect([answer, bodyOf(ask(remark, ['remark'], answer))]).toEqual([
        answer,
        'Server.Provider.FurtherPeople',
      ])
    }
  }
})

test('each type lets through what it says, and nothing else', () => {
  const malformed = 'Server.Provider.Malformed'
  const rows: [Partial<FieldRegistration>, string[], string[]][] = [
    [
      { type: 'text', maxLength: 3 },
      ['""', '"測試甲"', '"😀😀😀"', '"\\u6e2c\\ud83d\\ude00a"'],
      ['"abcd"', '1', 'true', '[]', '{}', 'null', '"測試甲乙"'],
    ],
    [
      { type: 'code', maxLength: 5, pattern: 'C[0-9]|X' },
      ['"C1"', '"X"', '"\\u0058"'],
      ['"C1X"', '"XC1"', '"x"', '""', '"C1\\n"', '5', 'null'],
    ],
    [
      { type: 'date' },
      ['"2024-02-29"', '"2024\\u002d02-29"'],
      ['"2023-02-29"', '"2024-2-29"', '"20240229"', '20240229', '"2024-02-29T00:00"'],
    ],
    [
      { type: 'year' },
      ['113', '"113"', '2024', '1'],
      ['0', '0113', '-113', '11300', '113.0', '1e3', '""', '"x"', 'true'],
    ],
    [
      { type: 'integer' },
      ['0', '-1', '9007199254740993123', '1'.repeat(64)],
      ['-0', '1.0', '1e3', '"1"', 'true', '1'.repeat(65)],
    ],
    [{ type: 'number' }, ['0', '-0', '1.10', '1E400', '1e-7'], ['"1"', 'true', '1'.repeat(65)]],
    [{ type: 'boolean' }, ['true', 'false'], ['"true"', '1', 'null']],
    [{ type: 'boolean', nullable: true }, ['null', 'true'], ['"null"', '0']],
    [{ type: 'national-id' }, [], ['"A000000019"', '1', '"a000000018"', 'null']],
  ]
  for (const [changes, good, bad] of rows) {
    for (const value of good) {
      expect([changes.type, one(changes, value)]).toEqual([changes.type, `{"it":${value}}`])
    }
    for (const value of bad) {
      expect([changes.type, value, one(changes, value)]).toEqual([changes.type, value, malformed])
    }
  }
})

test('a value of a wrong type matters only where it would leave', () => {
  const answer = `{"id":"${ASKED}","name":"much too long","income":{"amount":"5","rate":[1]}}`
  expect(ask(person, ['name'], answer)).toEqual({
    kind: 'refused',
    code: 'Server.Provider.Malformed',
    place: 'name',
  })
  expect(ask(person, ['rate'], answer)).toMatchObject({ place: 'rate' })
  expect(ask(person, ['icd10'], answer)).toMatchObject({
    passed: [],
    removed: ['amount', 'id', 'name', 'rate'],
  })
})

test('an error body goes through its own schema and need not name the subject', () => {
  const compiled = compileProjection(person, names('reason'), 'errorFields')
  const answer = (text: string): Projected => project(compiled, Buffer.from(text), ASKED)
  expect(answer('{"reason":"NOT_FOUND","name":"測試甲"}')).toMatchObject({
    body: Buffer.from('{"reason":"NOT_FOUND"}'),
    others: ['name'],
    subjectCheck: 'provider-asserted',
  })
  expect(answer(`{"reason":"NOT_FOUND","id":"${ASKED}"}`)).toMatchObject({ subjectCheck: 'same' })
  expect(answer(`{"reason":"NOT_FOUND","id":"${OTHER}"}`)).toMatchObject({
    code: 'Server.Provider.WrongSubject',
  })
  expect(answer('{"reason":"測試甲"}')).toMatchObject({ place: 'reason' })
})

test('an error body of another build than the answer has no place for the subject', () => {
  for (const pointer of ['/id/reason', '/*/reason', '/id/*']) {
    const registration = { ...person, errorFields: [field('reason', pointer, { maxLength: 20 })] }
    const compiled = compileProjection(registration, names('reason'), 'errorFields')
    const answer = pointer.startsWith('/*')
      ? '[{"reason":"X"}]'
      : `{"id":${pointer.endsWith('*') ? '["X"]' : '{"reason":"X"}'}}`
    expect(bodyOf(project(compiled, Buffer.from(answer), ASKED))).toBe(answer)
  }
})

test('names that objects inherit are names like any other', () => {
  const answer = `{"__proto__":{"name":"x"},"constructor":1,"toString":2,"id":"${ASKED}","name":"y","hasOwnProperty":0}`
  expect(ask(person, ['name'], answer)).toMatchObject({
    body: Buffer.from('{"name":"y"}'),
    others: ['__proto__', 'constructor', 'hasOwnProperty', 'toString'],
  })
  const proto = endpoint({ fields: [field('a', '/__proto__/constructor', { type: 'number' })] })
  expect(bodyOf(ask(proto, ['a'], '{"__proto__":{"constructor":1,"x":2}}'))).toBe(
    '{"__proto__":{"constructor":1}}',
  )
})

test('a registration that contradicts itself is not compiled', () => {
  const wrong = [
    [field('a', '/a'), field('b', '/a')],
    [field('a', '/a'), field('b', '/a/b')],
    [field('a', '/a/*'), field('b', '/a/b')],
    [field('a', '')],
    [field('a', 'a')],
    [field('a', '/~2')],
    [
      {
        ...field('a', '/a', { type: 'number' }),
        type: 'text',
        maxLength: undefined,
      } as unknown as FieldRegistration,
    ],
  ]
  for (const fields of wrong) {
    expect(() => compileProjection(endpoint({ fields }), names('a'), 'fields')).toThrow(RangeError)
  }
})
