import { expect, test } from '@jest/globals'
import { trackedFiles } from './tree.ts'

const TOP_LEVEL = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'README.md'],
  ...['policies', 'certs', 'gateway', 'adapters', 'deploy', 'test'],
]

test('the top level is what a newcomer was promised, and dot files', () => {
  const names = new Set(trackedFiles().map((path) => path.split('/')[0] ?? path))
  const visible = [...names].filter((name) => !name.startsWith('.'))
  expect(visible.sort()).toEqual(TOP_LEVEL.sort())
})
