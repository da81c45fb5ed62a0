import { expect, test } from '@jest/globals'
import { remembered } from '../../../gateway/exchange/wire/remembered.ts'

test('what was asked before is not worked out again', () => {
  let worked = 0
  const parse = remembered((text) => {
    worked += 1
    return { text }
  })
  expect(parse('a')).toBe(parse('a'))
  expect(parse('b')).toEqual({ text: 'b' })
  expect(worked).toBe(2)
})

test('a refusal is never remembered as an answer', () => {
  const parse = remembered((text) => {
    if (text === 'bad') throw new Error('bad')
    return text
  })
  expect(() => parse('bad')).toThrow('bad')
  expect(() => parse('bad')).toThrow('bad')
})

test('however many texts come, few are kept, and long ones never', () => {
  let worked = 0
  const parse = remembered((text) => {
    worked += 1
    return text
  })
  parse('first')
  for (let n = 0; n < 1024; n += 1) parse(String(n))
  parse('first')
  expect(worked).toBe(1026)
  parse('x'.repeat(300))
  parse('x'.repeat(300))
  expect(worked).toBe(1028)
})
