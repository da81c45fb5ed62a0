import { expect, test } from '@jest/globals'
import { filesInTheTree, read } from './tree.ts'

const LEFT_OVERS = [
  ['a note to finish later', /\b(TODO|FIXME|XXX)\b/],
  ['a test that silences the others', /\b(test|it|describe)\.only\b|\b(fit|fdescribe)\(/],
  ['a test that is silenced', /\b(test|it|describe)\.(skip|todo)\b|\bx(it|test|describe)\(/],
] as const

/** This file names them; `needs.ts` skips for want of a program, says so, and fails under CI. */
const MAY_NAME_THEM = ['test/house/left-overs.test.ts', 'test/house/needs.ts']

const code = filesInTheTree()
  .filter((path) => /\.(ts|js|mjs|cjs|cedar|sh|ya?ml)$|^\.ci\//.test(path))
  .filter((path) => !MAY_NAME_THEM.includes(path))
  .map((path) => ({ path, lines: read(path).split('\n') }))

test.each(LEFT_OVERS)('nowhere in the tree is %s', (_what, pattern) => {
  expect(linesWith(pattern)).toEqual([])
})

test('every switched-off rule says why on the same line', () => {
  const switchedOff = linesWith(/eslint-disable/)
  expect(switchedOff.filter((line) => !/ -- \S+ \S+/.test(line))).toEqual([])
})

function linesWith(pattern: RegExp): string[] {
  return code.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) => {
      return pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : []
    }),
  )
}
