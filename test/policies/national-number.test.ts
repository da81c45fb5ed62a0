import { expect, test } from '@jest/globals'
import { isCalendarDate } from '../../policies/calendar-date.ts'
import { isNationalNumber } from '../../policies/national-number.ts'

const IN_EARNEST = { syntheticIds: false }
const IN_TESTS = { syntheticIds: true }
// Synthetic numbers only, and the self-test of the regulation's checksum.
const SYNTHETIC = [
  ...['A000000018', 'A000000027', 'A300000014', 'A300000023', 'F300000037', 'H300000048'],
  ...['B300000051', 'D300000062', 'E300000072', 'T300000083', 'A400000016'],
]

test('numbers that nobody holds count only where they are asked for', () => {
  for (const number of SYNTHETIC) {
    expect([number, isNationalNumber(number, IN_TESTS)]).toEqual([number, true])
    expect([number, isNationalNumber(number, IN_EARNEST)]).toEqual([number, false])
  }
})

test('the number of a national and of a foreign national count, in both forms', () => {
  expect(isNationalNumber('A123456789', IN_EARNEST)).toBe(true)
  // Made by the checksum alone: a letter A–D counts with the last digit of its place value (0 to 3).
  for (const start of ['A1', 'A2', 'A8', 'A9', 'AA', 'AB', 'AC', 'AD']) {
    const whole = Array.from('0123456789').filter((digit) =>
      isNationalNumber(`${start}0000000${digit}`, IN_EARNEST),
    )
    expect([start, whole.length]).toEqual([start, 1])
  }
  expect(isNationalNumber('AC00000003', IN_EARNEST)).toBe(
    isNationalNumber('A200000003', IN_EARNEST),
  )
})

// Weights 7, 3, 1 and 1; where a weight shares a factor with ten, the checksum misses some changes.
test('every change of the check digit breaks the checksum, and of digits that count 7, 3 or 1', () => {
  for (const number of SYNTHETIC) {
    for (const at of [2, 6, 8, 9]) {
      for (const digit of '0123456789') {
        const changed = number.slice(0, at) + digit + number.slice(at + 1)
        expect([changed, isNationalNumber(changed, IN_TESTS)]).toEqual([
          changed,
          changed === number,
        ])
      }
    }
  }
})

test.each([
  ['lower case', 'a123456789'],
  ['one character too few', 'A12345678'],
  ['one too many', 'A1234567890'],
  ['a space', ' A12345678'],
  ['full-width digits', 'A１２３４５６７８９'],
  ['a letter beyond D in the old form', 'AE00000003'],
  ['a seventh kind of second digit', 'A700000001'],
  ['nothing', ''],
])('%s is not a number', (_, text) => {
  expect(isNationalNumber(text, IN_TESTS)).toBe(false)
})

test('a date is a day that the calendar has', () => {
  const days = ['2024-02-29', '2000-02-29', '2026-12-31', '0001-01-01']
  const none = ['2023-02-29', '1900-02-29', '2026-04-31', '2026-00-10', '2026-13-01', '2026-01-00']
  const forms = ['2026-1-01', '26-01-01', '2026-01-01 ', '2026-01-01T00:00:00Z', '２026-01-01', '']
  expect(days.filter(isCalendarDate)).toEqual(days)
  expect([...none, ...forms].filter(isCalendarDate)).toEqual([])
})
