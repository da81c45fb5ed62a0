/** L5: a fixed share of `npm run campaign:tamper`. */
import { expect, test } from '@jest/globals'
import { tamperCampaign } from '../harness/tamper/trials.ts'

test('whatever is done to journal, messages or tiles is detected, and located where the copy allows', async () => {
  const { missed, rows } = await tamperCampaign({ trials: 256, seed: 20_261_122 })
  expect(missed).toEqual([])
  // Every kind of attack was tried, or the sentence above says nothing.
  expect(rows.filter(({ trials }) => trials === 0)).toEqual([])
}, 60_000)
