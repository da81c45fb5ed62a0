import { expect, test } from '@jest/globals'
import { healthTable } from '../../gateway/http/health.ts'

const HOSTILE = 'a\u001b[2J\u001b[1;1H\nok\u2028\u0085\u202e\u{e0041}王𠮷'
const SPELLED = 'a\\u001b[2J\\u001b[1;1H\\u000aok\\u2028\\u0085\\u202e\\u{e0041}王𠮷'

test('a part is one line and what to do another, whatever somebody wrote into what they quote', () => {
  const check = { name: 'reload', state: 'failing', words: HOSTILE, whatToDo: HOSTILE } as const
  const head = `failing   reload     0s  `
  expect(healthTable([{ ...check, since: 0 }], 0)).toBe(
    `${head}${SPELLED}\n${' '.repeat(head.length)}→ ${SPELLED}\n`,
  )
})
