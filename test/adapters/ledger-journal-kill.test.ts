/** A small share of the campaign in test/campaigns/kill.program.ts. */
import { expect, test } from '@jest/globals'
import { killCampaign } from '../campaigns/kill.program.ts'

test.each([false, true])(
  'kill -9 at a random moment loses nothing acknowledged and contradicts no checkpoint (two phases: %s)',
  async (twoPhase) => {
    const report = await killCampaign(4, twoPhase)
    expect(report).toMatchObject({ lost: 0, contradictions: 0 })
    expect(report.acknowledged).toBeGreaterThan(20)
  },
)
