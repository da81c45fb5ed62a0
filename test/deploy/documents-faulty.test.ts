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
