/** Who cosigns this ledger's checkpoints, and what is done while they don't. Absent: nobody; checkpoints are still published. */
import { z } from 'zod'
import { parseVkey } from '../../gateway/ledger/note.ts'
import { COSIGNATURE } from '../../gateway/ledger/signer.ts'
import { milliseconds, text, url, whole } from './pieces.ts'

const MOST = 32

const witness = z.strictObject({
  key: z
    .string()
    .refine((vkey) => parseVkey(vkey)?.algorithm === COSIGNATURE)
    .describe('the verifier key that gongdao witness init printed: name+8 hex digits+base64'),
  url: url(['https:'], 'where the witness answers: an https URL'),
  ca: text(
    'a file with the CA of its certificate, PEM; leave it out for those of the system',
  ).exactOptional(),
})

export const witnesses = z
  .strictObject({
    require: whole(1, MOST, 'how many of them must cosign'),
    whenAway: z
      .union([
        z.literal('continue'),
        z.strictObject({
          refuseAfterMs: milliseconds('for how long exchanges go on without them'),
        }),
      ])
      .describe(
        '"continue", or {"refuseAfterMs": …}: no exchange begins when they are away for longer',
      )
      .default('continue'),
    deadlineMs: milliseconds('how long one witness may take to answer', 60_000).default(5_000),
    witnesses: z
      .array(witness)
      .nonempty()
      .max(MOST)
      .refine(areDifferent)
      .describe('the witnesses, each key once'),
  })
  .refine(({ require, witnesses: all }) => require <= all.length)
  .describe('who cosigns checkpoints: {"require": k, "witnesses": [n of them, k at most n]}')

export type Witnesses = z.infer<typeof witnesses>

/** One key under two names would count twice (C2SP tlog-cosignature: a key belongs to one cosigner), and so would one name with two. */
function areDifferent(all: readonly { readonly key: string }[]): boolean {
  const keys = all.flatMap(({ key }) => parseVkey(key) ?? [])
  const names = keys.map(({ name }) => name)
  const bytes = keys.map(({ publicKey }) => Buffer.from(publicKey).toString('hex'))
  return new Set(names).size === all.length && new Set(bytes).size === all.length
}
