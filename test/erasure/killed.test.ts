/** An erasure and a restoration that are killed. `npm run campaign:erasure` does every point, several times. */
import { expect, test } from '@jest/globals'
import { killErasure, killRestoration } from './killing.ts'

test.each(['handed-over', 'leaf 0'])(
  'an erasure killed at “%s” has changed nothing, and the same order can be handed in again',
  async (at) => {
    expect(await killErasure(at)).toEqual([])
  },
  60_000,
)

test.each(['leaf 1', 'recorded', 'before commit', 'after commit'])(
  'an erasure killed at “%s” is finished at the next start: each pseudonym has its leaf, and her key is nowhere',
  async (at) => {
    expect(await killErasure(at)).toEqual([])
  },
  60_000,
)

test.each(['restoring', 'restored'])(
  'a restoration killed when it is “%s” leaves one whole key store, and brings nobody back',
  async (at) => {
    expect(await killRestoration(at)).toEqual([])
  },
  60_000,
)
