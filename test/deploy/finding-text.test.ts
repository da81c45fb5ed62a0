import { expect, test } from '@jest/globals'
import { findingText } from '../../deploy/commands/verify.ts'

test('a name that somebody made up begins no line of its own on the terminal of an auditor', () => {
  const chain = 'T/x\n\u001b[8mgood: nothing was altered'
  const text = findingText({ chain, kind: 'foreign', sentence: 'x', first: 1, last: 2 })
  expect(text.split('\n')).toHaveLength(1)
  expect(text).not.toContain('\u001b')
  expect(text).toContain('good: nothing was altered 1-2  foreign: x')
})
