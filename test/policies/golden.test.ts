/** Decisions as they were first recorded. Rules may be added; what was decided is never edited, only added to. */
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { decide } from '../../policies/decide.ts'
import type { Question } from '../../policies/question.ts'
import { bookWith, closures, judge } from './world.ts'

interface Golden {
  readonly what: string
  readonly question: Question
  readonly decision: unknown
}

const file = new URL('golden/decisions.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')) as readonly Golden[]
const book = bookWith()

test.each(golden)('still decided alike, by both engines: $what', ({ question, decision }) => {
  const recorded = JSON.stringify(decision)
  expect(JSON.stringify(decide(question, book, closures))).toBe(recorded)
  expect(JSON.stringify(decide(question, book, judge))).toBe(recorded)
  // The question stands in the leaf as it is: canonical, and the same when read again.
  const again = JSON.parse(canonicalJson({ ...question })) as Question
  expect(JSON.stringify(decide(again, book, closures))).toBe(recorded)
})
