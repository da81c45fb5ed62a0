import { expect, test } from '@jest/globals'
import { EXAMPLE } from '../../deploy/config/example.ts'
import { readConfig } from '../../deploy/config/read-config.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { cosignerOf, cosignerVkey } from '../../gateway/witness/cosignature.ts'

function keyOf(name: string, seed: number): string {
  return cosignerVkey(cosignerOf(name, Buffer.alloc(32, seed)))
}

const url = 'https://witness.example'
const two = [
  { key: keyOf('a', 1), url },
  { key: keyOf('b', 2), url },
]

function faults(witnesses: object): readonly string[] {
  const read = readConfig(JSON.stringify({ ...EXAMPLE, witnesses }))
  return read.kind === 'read' ? [] : read.faults.map(({ pointer }) => pointer)
}

test('k of n witnesses are taken, and exchanges go on without them unless it says otherwise', () => {
  expect(faults({ require: 1, witnesses: two })).toEqual([])
  expect(faults({ require: 2, witnesses: two, whenAway: { refuseAfterMs: 60_000 } })).toEqual([])
  const read = readConfig(JSON.stringify({ ...EXAMPLE, witnesses: { require: 1, witnesses: two } }))
  expect(read).toMatchObject({ config: { witnesses: { whenAway: 'continue', deadlineMs: 5_000 } } })
})

test.each<[string, object, string]>([
  ['more than there are', { require: 3, witnesses: two }, '/witnesses'],
  ['none', { require: 0, witnesses: two }, '/witnesses/require'],
  ['nobody', { require: 1, witnesses: [] }, '/witnesses/witnesses'],
  [
    'one key under two names',
    { require: 2, witnesses: [two[0], { key: keyOf('c', 1), url }] },
    '/witnesses/witnesses',
  ],
  [
    'two keys under one name',
    { require: 2, witnesses: [two[0], { key: keyOf('a', 3), url }] },
    '/witnesses/witnesses',
  ],
  [
    'a log’s key',
    { require: 1, witnesses: [{ key: vkeyText('a', Buffer.alloc(32, 1)), url }] },
    '/witnesses/witnesses/0/key',
  ],
  [
    'a damaged key',
    { require: 1, witnesses: [{ key: keyOf('a', 1).replace('+', '+0'), url }] },
    '/witnesses/witnesses/0/key',
  ],
  [
    'plain http',
    { require: 1, witnesses: [{ key: keyOf('a', 1), url: 'http://witness.example' }] },
    '/witnesses/witnesses/0/url',
  ],
  [
    'patience of no time',
    { require: 1, witnesses: two, whenAway: { refuseAfterMs: 0 } },
    '/witnesses/whenAway',
  ],
])('refused with its place: %s', (_what, witnesses, pointer) => {
  expect(faults(witnesses)[0]).toMatch(new RegExp(`^${pointer}`))
})
