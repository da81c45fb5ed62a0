import { expect, test } from '@jest/globals'
import { DocumentsFaulty } from '../../deploy/open-law.ts'
import { readDocuments } from '../../policies/documents/read-documents.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'

test('a text that is not JSON is told with its line and column, a member with its pointer', () => {
  const read = readDocuments(
    [
      { path: 'services/cut.json', text: '{\n  "x": 1,\n  ' },
      { path: 'members/wrong.json', text: '{}' },
    ],
    documentCrypto,
  )
  if (read.kind === 'read') throw new Error('they were read')
  const { message } = new DocumentsFaulty(read.faults)
  expect(message).toContain('services/cut.json line 3, column 3: expected a string')
  expect(message).toContain('members/wrong.json /')
})

test('a member name of any characters is told in printable ones, and begins no line of its own', () => {
  const name = '\u001b[2J\u001b[1;1Hok everything\nfailing nothing\u2028\u0085\u202e'
  const text = JSON.stringify({ [name]: 1 })
  const read = readDocuments([{ path: 'members/wrong.json', text }], documentCrypto)
  if (read.kind === 'read') throw new Error('it was read')
  const lines = new DocumentsFaulty(read.faults).message.split('\n')
  expect(lines.filter((line) => !line.startsWith('  members/wrong.json /'))).toHaveLength(1)
  expect(lines.join('')).toContain(
    '/\\u001b[2J\\u001b[1;1Hok everything\\u000afailing nothing\\u2028\\u0085\\u202e: expected',
  )
})
