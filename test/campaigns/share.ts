/**
 * How much of the campaigns `npm test` runs. `CAMPAIGN_SHARE=3 npm test` runs three times as much, `CAMPAIGN_SHARE=0.5` half; all that
 * one wants: `npm run simulate -- --seeds N`, `npm run campaign:tamper -- --trials N`.
 */
const times = Number(process.env['CAMPAIGN_SHARE'] ?? '1')
if (!(times > 0 && times <= 1000)) {
  throw new RangeError('CAMPAIGN_SHARE is a number above 0, at most 1000')
}

/** Worlds of the simulator, 0.3 s of a core each. */
export const WORLDS = Math.ceil(16 * times)

/**
 * Not 1: from here on 16 worlds notice each of these (tried on 2026-11-22): open intents forgotten at a start (eight of them), `unknown` said
 * before the deadline (32), leaves before the witnesses saw the chain opened (27, 31), a registry that runs backwards (21, 25).
 */
export const FIRST_WORLD = 19

/** Worlds whose gateways share a registry, a second of a core each. */
export const SHARED_WORLDS = Math.ceil(12 * times)

/**
 * From here on 12 worlds notice each of these (tried on 2026-11-23): a genesis that is handed in again is recorded again (20, 28), a root that
 * does not fit is followed (17), a closure is answered and not recorded (17), a chain that the registrar did not answer for is written (20),
 * a registry that was changed is not named (26).
 */
export const FIRST_SHARED_WORLD = 17

/** Trials of tampering, 25 ms each. 130: every attack as often as its share says, the rarest twice; 38: each once. */
export const TRIALS = Math.max(38, Math.ceil(130 * times))

/** Milliseconds that a share of a campaign may take on a busy machine. */
export const MOST_MS = Math.ceil(600_000 * Math.max(1, times))
