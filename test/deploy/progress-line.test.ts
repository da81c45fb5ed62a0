/** What a person sees while a ledger of millions of leaves is verified. */
import { expect, test } from '@jest/globals'
import { progressText } from '../../deploy/commands/progress-line.ts'

test.each([
  [{ done: 0, of: 500, tookMs: 0 }, 'leaves 0'],
  [{ done: 1234, of: 0, tookMs: 10 }, 'leaves 1,234'],
  [
    { done: 250_000, of: 1_000_000, tookMs: 2500 },
    '██████░░░░░░░░░░░░░░░░░░  25 %  leaves 250,000 of 1,000,000  8 s left',
  ],
  [
    { done: 1, of: 1000, tookMs: 1000 },
    '░░░░░░░░░░░░░░░░░░░░░░░░   0 %  leaves 1 of 1,000  17 min left',
  ],
  [
    { done: 1000, of: 1000, tookMs: 5000 },
    '████████████████████████ 100 %  leaves 1,000 of 1,000  0 s left',
  ],
  // More has come since the total was known.
  [{ done: 1001, of: 1000, tookMs: 5000 }, 'leaves 1,001'],
])('%j', (at, text) => {
  expect(progressText('leaves', at)).toBe(text)
})
