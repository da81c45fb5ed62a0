import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { readKeys } from '../../deploy/read-keys.ts'

test.each([
  [
    'is not there',
    join(tmpdir(), 'nowhere', 'keys.txt'),
    /nowhere.keys\.txt is not there: .*--keys/,
  ],
  ['stands below a file', '/etc/passwd/keys.txt', /is not there: .*--data/],
  ['is a folder', tmpdir(), /is a folder: .*--keys/],
])('a file of keys that %s is told as what it is, with what to do', (_, keys, told) => {
  expect(() => readKeys({ data: '.', keys })).toThrow(told)
})
