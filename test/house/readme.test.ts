/** What the two READMEs name is there. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { ROOT, read } from './tree.ts'

/** In backquotes, with a slash, and nothing that only a shell or a log would have. */
const PATH = /`((?:[a-z0-9.-]+\/)+[a-z0-9.-]*)`/g

test.each([
  ['README.md', ['.', 'test']],
  ['gateway/README.md', ['.', 'gateway', 'gateway/exchange']],
  ['test/ledger/invariants.md', ['.']],
])('every path that %s names exists', (readme, from) => {
  const named = [...read(readme).matchAll(PATH)].map(([, path = '']) => path)
  const exists = (path: string): boolean => from.some((top) => existsSync(join(ROOT, top, path)))
  expect(named.length).toBeGreaterThan(6)
  expect(named.filter((path) => !exists(path))).toEqual([])
})

test('every npm script and every command that README.md names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = [...read('README.md').matchAll(/^npm (?:run )?([a-z:]+)/gm)].map(([, name]) => name)
  expect(named.filter((name) => name === undefined || !(name in scripts))).toEqual([])
  const commands = [...read('README.md').matchAll(/^npx gongdao ([a-z]+)/gm)].map(
    ([, name]) => name,
  )
  expect(commands).toContain('verify')
  for (const name of commands)
    expect(read('deploy/gongdao.ts')).toContain(`${name ?? '?'}Command()`)
})
