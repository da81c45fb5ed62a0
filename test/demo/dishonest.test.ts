/** `npm start -- --dishonest`: what the demo promises, with real witness processes. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { gongdao } from '../harness/command.ts'
import { GATE_CACHE } from '../harness/gate-cache.ts'

const CHAIN = 'TW/exchange/TW/GOV/GONGDAO/gateway-1/1'

test('an operator with every key is caught at each of four lies, by chain and index, and the demo ends by itself', async () => {
  const data = mkdtempSync(join(tmpdir(), 'gongdao-dishonest-'))
  try {
    if (existsSync(GATE_CACHE)) cpSync(GATE_CACHE, join(data, 'cache'), { recursive: true })
    const { code, error, out } = await gongdao('demo', '--dishonest', '--once', '--data', data)
    expect([code, error]).toEqual([0, ''])
    const acts = out.split(/^(?=\d\. The operator)/m).slice(1)
    expect(acts).toHaveLength(4)
    const [rewrites, forks, hides, drops] = acts
    expect(rewrites).toMatch(new RegExp(`one receipt: +${CHAIN}, leaf \\d+: history-rewritten`))
    expect(rewrites).toMatch(
      new RegExp(`a witness note: +${CHAIN}, leaves 0 to \\d+: history-rewritten`),
    )
    expect(rewrites).toMatch(
      /refuse its newest checkpoint, 3 of 3: it is not the tree that they know/,
    )
    expect(forks).toMatch(new RegExp(`one receipt: +${CHAIN}, leaf \\d+: history-rewritten`))
    expect(forks).toMatch(
      new RegExp(`${CHAIN} was rewritten: its key signed two different leaves \\d+\\.`),
    )
    expect(hides).toMatch(/one receipt: +TW.*gateway-1\/2, leaf 4: chain-in-secret/)
    expect(hides).toMatch(
      /refuse its newest checkpoint, 3 of 3: the registry never opened this chain/,
    )
    expect(drops).toMatch(
      new RegExp(`one receipt: +${CHAIN}, leaves \\d+ to \\d+: chain-truncated`),
    )
    expect(drops).toMatch(
      new RegExp(`a witness note: +${CHAIN}, leaves \\d+ to \\d+: chain-truncated`),
    )
    expect(drops).toMatch(
      new RegExp(`${CHAIN} was closed in the registry as a tree of other leaves`),
    )
    expect(out).toMatch(/^4 of 4 caught$/m)
  } finally {
    rmSync(data, { recursive: true })
  }
}, 180_000)
