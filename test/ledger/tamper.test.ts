/** L5: a fixed share of `npm run campaign:tamper`. */
import { expect, test } from '@jest/globals'
import { MOST_MS, TRIALS } from '../campaigns/share.ts'
import { tamperCampaign } from '../harness/tamper/trials.ts'

test(
  'whatever is done to journal, messages or tiles is detected, and located where the copy allows',
  async () => {
    const { missed, rows } = await tamperCampaign({ trials: TRIALS, seed: 20_261_122 })
    expect(missed).toEqual([])
    // Every kind of attack was tried, or the sentence above says nothing.
    expect(rows.filter(({ trials }) => trials === 0)).toEqual([])
  },
  MOST_MS,
)
