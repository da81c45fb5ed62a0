import { hash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readTraceContext, traceparent } from '../../../gateway/exchange/wire/trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const GOOD = `00-${TRACE}-${PARENT}-01`

function read(...headers: string[]): ReturnType<typeof readTraceContext> {
  return readTraceContext(headers)
}

function stateOf(...states: string[]): string | undefined {
  return read('traceparent', GOOD, ...states.flatMap((state) => ['tracestate', state]))?.state
}

test('a good traceparent is joined, whatever the case of its name, with its sampled flag', () => {
  for (const name of ['traceparent', 'Traceparent', 'TrAcEpArEnT', 'TRACEPARENT']) {
    expect(read('Host', 'x', name, GOOD)).toEqual({
      traceId: TRACE,
      parentId: PARENT,
      sampled: true,
      state: undefined,
    })
  }
  expect(read('traceparent', `00-${TRACE}-${PARENT}-00`)).toMatchObject({ sampled: false })
  // A bit field: only the last bit counts, the others may be anything.
  expect(read('traceparent', `00-${TRACE}-${PARENT}-09`)).toMatchObject({ sampled: true })
  expect(read('traceparent', `00-${TRACE}-${PARENT}-fe`)).toMatchObject({ sampled: false })
  for (const padded of [` ${GOOD}`, `\t${GOOD}`, `${GOOD} `, `\t ${GOOD} \t`]) {
    expect(read('traceparent', padded)).toMatchObject({ traceId: TRACE })
  }
})

test.each([
  ['missing', []],
  ['of another name', ['trace-parent', GOOD, 'trace.parent', GOOD]],
  ['twice, equal', ['traceparent', GOOD, 'traceparent', GOOD]],
  ['twice, one bad', ['traceparent', GOOD, 'Traceparent', 'x']],
  ['two in one field', ['traceparent', `${GOOD},${GOOD}`]],
  ['empty', ['traceparent', '']],
  ['trace id all zero', ['traceparent', `00-${'0'.repeat(32)}-${PARENT}-01`]],
  ['parent id all zero', ['traceparent', `00-${TRACE}-${'0'.repeat(16)}-01`]],
  ['upper case', ['traceparent', GOOD.toUpperCase()]],
  ['upper case in the parent', ['traceparent', `00-${TRACE}-00F067AA0BA902B7-01`]],
  ['not hexadecimal', ['traceparent', `00-.${TRACE.slice(1)}-${PARENT}-01`]],
  ['parent not hexadecimal', ['traceparent', `00-${TRACE}-${PARENT.slice(1)}.-01`]],
  ['flags not hexadecimal', ['traceparent', `00-${TRACE}-${PARENT}-.0`]],
  ['trace id too long', ['traceparent', `00-${TRACE}0-${PARENT}-01`]],
  ['trace id too short', ['traceparent', `00-${TRACE.slice(1)}-${PARENT}-01`]],
  ['parent id too long', ['traceparent', `00-${TRACE}-${PARENT}0-01`]],
  ['parent id too short', ['traceparent', `00-${TRACE}-${PARENT.slice(1)}-01`]],
  ['flags too long', ['traceparent', `00-${TRACE}-${PARENT}-001`]],
  ['flags too short', ['traceparent', `00-${TRACE}-${PARENT}-1`]],
  ['version 00 that goes on', ['traceparent', `${GOOD}-more`]],
  ['version 00 with a dash behind', ['traceparent', `${GOOD}-`]],
  ['version 00 with a dot behind', ['traceparent', `${GOOD}.`]],
  ['version ff', ['traceparent', `ff-${TRACE}-${PARENT}-01`]],
  ['version not hexadecimal', ['traceparent', `.0-${TRACE}-${PARENT}-01`]],
  ['version not hexadecimal behind', ['traceparent', `0.-${TRACE}-${PARENT}-01`]],
  ['version of four digits', ['traceparent', `0000-${TRACE}-${PARENT}-01`]],
  ['version of one digit', ['traceparent', `0-${TRACE}-${PARENT}-01`]],
  ['version of three digits', ['traceparent', `000-${TRACE}-${PARENT}-01`]],
  ['version in upper case', ['traceparent', `CC-${TRACE}-${PARENT}-01`]],
  ['a later version with a dot behind', ['traceparent', `cc-${TRACE}-${PARENT}-01.more`]],
  ['a later version that is short', ['traceparent', `cc-${TRACE}-${PARENT}-0`]],
])(
  'a traceparent that is %s begins a new trace, and tracestate is dropped with it',
  (_, headers) => {
    expect(read(...headers, 'tracestate', 'a=1')).toBeUndefined()
  },
)

test('of a later version what is known is used', () => {
  for (const later of [`cc-${TRACE}-${PARENT}-01`, `01-${TRACE}-${PARENT}-01-what-comes`]) {
    expect(read('traceparent', later, 'tracestate', 'a=1')).toEqual({
      traceId: TRACE,
      parentId: PARENT,
      sampled: true,
      state: 'a=1',
    })
  }
})

test('what we send is version 00 with our own span as parent', () => {
  const trace = { traceId: TRACE, spanId: PARENT, parentId: undefined, state: undefined }
  expect(traceparent({ ...trace, sampled: false, flag: false })).toBe(`00-${TRACE}-${PARENT}-00`)
  expect(traceparent({ ...trace, sampled: true, flag: true })).toBe(GOOD)
})

test('several tracestate fields are one list, in their order; empty members and white space go', () => {
  expect(stateOf('foo=1,bar=2', 'rojo=1,congo=2', 'baz=3')).toBe('foo=1,bar=2,rojo=1,congo=2,baz=3')
  expect(stateOf('foo=1 \t , \t bar=2, \t baz=3')).toBe('foo=1,bar=2,baz=3')
  expect(stateOf('')).toBeUndefined()
  expect(stateOf('foo=1', '')).toBe('foo=1')
  expect(stateOf('', 'foo=1,,')).toBe('foo=1')
  expect(stateOf('foo= 1')).toBe('foo= 1')
})

test('tracestate is known by its name in any case, and by no other; without a traceparent it is nothing', () => {
  for (const name of ['TraceState', 'TrAcEsTaTe', 'TRACESTATE']) {
    expect(read('traceparent', GOOD, name, 'foo=1')?.state).toBe('foo=1')
  }
  for (const name of ['trace-state', 'trace.state']) {
    expect(read('traceparent', GOOD, name, 'foo=1')?.state).toBeUndefined()
  }
  expect(read('tracestate', 'foo=1')).toBeUndefined()
})

test.each([
  'foo =1',
  'FOO=1',
  'foo.bar=1',
  '_foo=1',
  '@foo=1,bar=2',
  '=1',
  'foo',
  'foo=',
  'foo=bar=baz',
  'foo=\u0007',
  'foo=é',
  `${'z'.repeat(257)}=1`,
  `${'t'.repeat(255)}@v=1`,
  `foo=${'v'.repeat(257)}`,
])('a member that breaks a rule discards tracestate, and nothing else: %s', (state) => {
  expect(stateOf('good=1', state)).toBeUndefined()
  expect(read('traceparent', GOOD, 'tracestate', state)).toMatchObject({ traceId: TRACE })
})

test('all characters that are allowed pass, and keys of the greatest length', () => {
  const value = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at))
    .join('')
    .replaceAll(/[,=]/g, '')
  expect(stateOf(`abz019_-*/=${value}`)).toBe(`abz019_-*/=${value}`)
  expect(stateOf(`0t_-*/@v0_-*/=${value}`)).toBe(`0t_-*/@v0_-*/=${value}`)
  expect(stateOf(`${'z'.repeat(256)}=1`)).toBe(`${'z'.repeat(256)}=1`)
  expect(stateOf(`${'t'.repeat(241)}@${'v'.repeat(14)}=1`)).toContain('@')
})

test('keys of Level 2 pass: a digit may begin one, and an at sign stands wherever it likes behind', () => {
  for (const state of [
    '1a=1,bar=2',
    '1=1',
    'foo@=1,bar=2',
    'foo@@bar=1,bar=2',
    'foo@bar@baz=1,bar=2',
    `${'t'.repeat(242)}@v=1`,
    `t@${'v'.repeat(15)}=1`,
  ]) {
    expect(stateOf(state)).toBe(state)
  }
})

test('of a key that stands twice the first passes, which is the most recent; the others keep their order', () => {
  expect(stateOf('foo=1,foo=1')).toBe('foo=1')
  expect(stateOf('foo=1,bar=3,foo=2,baz=4')).toBe('foo=1,bar=3,baz=4')
  expect(stateOf('foo=1', 'foo=2')).toBe('foo=1')
  expect(stateOf('foo=1,foo=')).toBeUndefined()
})

test('32 members pass, 33 discard all', () => {
  const members = Array.from({ length: 33 }, (_, at) => `k${String(at)}=1`)
  expect(stateOf(members.slice(0, 32).join())).toBe(members.slice(0, 32).join())
  expect(stateOf(members.join())).toBeUndefined()
  // Of one key as well: the list may have no more, whatever stands in it.
  expect(stateOf(Array(33).fill('a=1').join())).toBeUndefined()
})

test('512 characters pass; above, members of more than 128 go first, then the last', () => {
  const full = `a=${'x'.repeat(250)},b=${'x'.repeat(256)}`
  expect(full).toHaveLength(511)
  expect(stateOf(full, 'c')).toBeUndefined()
  expect(stateOf(full)).toBe(full)
  const large = `large=${'x'.repeat(200)}`
  const small = Array.from({ length: 8 }, (_, at) => `k${String(at)}=${'x'.repeat(60)}`)
  expect(stateOf(large, small.slice(0, 7).join())).toBe(small.slice(0, 7).join())
  expect(stateOf(small.slice(0, 4).join(), large, small.slice(4).join())).toBe(small.join())
  const many = Array.from({ length: 12 }, (_, at) => `m${String(at)}=${'x'.repeat(50)}`)
  expect(stateOf(many.join())).toBe(many.slice(0, 9).join())
})

test('an id that spells a number or a name of somebody is not random, and is not taken over', () => {
  for (const text of [
    'A000000018',
    'xxxA000000018xxx',
    'EVILMARK',
    '測試甲',
    '範例乙',
    'xx王示範',
  ]) {
    const id = padded(text, 16)
    expect(read('traceparent', `00-${id}-${PARENT}-01`)).toBeUndefined()
  }
  for (const text of ['A0000000', 'EVILMARK', '測試', 'x範例']) {
    expect(read('traceparent', `00-${TRACE}-${padded(text, 8)}-01`)).toBeUndefined()
  }
})

test('an id whose hexadecimal digits are a person’s number is not taken over either: they are what is shown', () => {
  for (const digits of ['a000000018', 'f300000037', 'f1a000000018']) {
    const [trace, parent] = [digits.padStart(32, '0'), digits.padStart(16, '0')]
    expect(read('traceparent', `00-${trace}-${PARENT}-01`)).toBeUndefined()
    expect(read('traceparent', `00-${digits.padEnd(32, '0')}-${PARENT}-01`)).toBeUndefined()
    expect(read('traceparent', `00-${TRACE}-${parent}-01`)).toBeUndefined()
  }
  // The last digit does not check the others: nobody's.
  const nobody = 'a000000019'.padStart(32, '0')
  expect(read('traceparent', `00-${nobody}-${PARENT}-01`)).toMatchObject({ traceId: nobody })
})

test('few random ids are taken for a person’s number, and their trace begins anew', () => {
  const ids = Array.from({ length: 20_000 }, (_, at) => hash('sha256', String(at)))
  const joined = ids.filter(
    (id) => read('traceparent', `00-${id.slice(0, 32)}-${id.slice(32, 48)}-01`) !== undefined,
  )
  expect(joined.length / ids.length).toBeGreaterThan(0.97)
})

function padded(text: string, length: number): string {
  return Buffer.concat([Buffer.from(text), Buffer.alloc(length, 0xff)])
    .subarray(0, length)
    .toString('hex')
}

test('whatever stands there is read without a throw, and what is kept has its form', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.constantFrom(GOOD, TRACE, 'a=1', ',', '=', '-', '00', 'ff'),
  )
  const header = fc.tuple(
    fc.constantFrom('traceparent', 'tracestate', 'TraceState', 'x'),
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(fc.array(header, { maxLength: 8 }), (headers) => {
      const found = read(...headers.flat())
      if (found === undefined) return
      expect(found.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/)
      expect(found.parentId).toMatch(/^(?!0+$)[0-9a-f]{16}$/)
      expect(found.state?.length ?? 0).toBeLessThanOrEqual(512)
      expect(found.state ?? 'a=1').toMatch(/^[ -~]+$/)
    }),
    { numRuns: 2_000 },
  )
})

test('a member of spaces costs their number, not its square: any member can send one', () => {
  const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const micros = (spaces: number): number => {
    const raw = ['traceparent', parent, 'tracestate', `a=b${' '.repeat(spaces)}c`]
    const took = [1, 2, 3, 4, 5].map(() => {
      const began = process.cpuUsage()
      expect(readTraceContext(raw)?.state).toBeUndefined()
      const { system, user } = process.cpuUsage(began)
      return system + user
    })
    return Math.min(...took)
  }
  micros(1000)
  expect(micros(60_000)).toBeLessThan(1000 + 40 * micros(6_000))
})
