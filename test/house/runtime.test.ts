import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'

test('the runtime is the pinned one, and it loads what the product stands on', async () => {
  const pinned = JSON.parse(readFileSync('package.json', 'utf8')) as {
    optionalDependencies: Record<string, string>
  }
  expect(Object.values(pinned.optionalDependencies)).toContain(process.version.slice(1))

  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(':memory:')
  expect(database.prepare('select 1 as one').get()).toEqual({ one: 1 })
  database.close()

  const cedar = await import('@cedar-policy/cedar-wasm/nodejs')
  expect(cedar.getCedarVersion()).toMatch(/^\d+\./)
})
