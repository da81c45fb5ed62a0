import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { checkpointText, checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { EMPTY_TREE } from '../../gateway/ledger/hash.ts'
import {
  noteKey,
  parseCheckpoint,
  parseNote,
  parseVkey,
  signersOf,
  vkeyText,
} from '../../gateway/ledger/note.ts'
import { COSIGNATURE, ED25519, keyId, rawPublicKey } from '../../gateway/ledger/signer.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { testSigner } from '../harness/memory-ledger.ts'

const signer = testSigner(1)
const NAME = 'T/exchange/gw/1'
const key = noteKey(NAME, ED25519, signer.publicKey)
const note = checkpointWriter(NAME, signer)(7, EMPTY_TREE)

function blob(id: Buffer, signature: Uint8Array): string {
  return Buffer.concat([id, signature]).toString('base64')
}

/** A witness and its signature line over a checkpoint, made as C2SP tlog-cosignature says. */
function witness(name: string, text: string, time: bigint): { vkey: string; line: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = rawPublicKey(publicKey)
  const seconds = Buffer.alloc(8)
  seconds.writeBigUInt64BE(time)
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`)
  const signature = Buffer.concat([seconds, sign(null, message, privateKey)])
  const line = `\u2014 ${name} ${blob(keyId(name, COSIGNATURE, raw), signature)}\n`
  return { vkey: vkeyText(name, raw, COSIGNATURE), line }
}

test('the verifier key of the C2SP specification is read, and its key id recomputed', () => {
  const text = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
  const vkey = parseVkey(text)
  expect(vkey?.name).toBe('example.com/foo')
  expect(vkeyText('example.com/foo', vkey!.publicKey)).toBe(text)
  expect(parseVkey(text.replace('530d903a', '530d903b'))).toBeUndefined()
  expect(parseVkey(text.replace('foo', 'bar'))).toBeUndefined()
})

test('a checkpoint is a signed note whose text has three lines', () => {
  const parsed = parseNote(note)
  expect(parsed?.text).toBe(checkpointText(NAME, 7, EMPTY_TREE))
  expect(parsed?.text.split('\n')).toHaveLength(4)
  expect(parseCheckpoint(parsed!.text)).toEqual({ origin: NAME, size: 7, root: EMPTY_TREE })
  expect(signersOf(parsed!, [key])).toEqual([key])
})

test('a signature of an unknown key is passed over; one of a known key that fails rejects the whole note', () => {
  const other = noteKey(NAME, ED25519, testSigner(2).publicKey)
  expect(signersOf(parseNote(note)!, [other])).toEqual([])
  const forged = note.replace('\n7\n', '\n8\n')
  expect(signersOf(parseNote(forged)!, [key])).toBeUndefined()
  const twice = forged + checkpointWriter(NAME, signer)(8, EMPTY_TREE).split('\n\n')[1]!
  expect(signersOf(parseNote(twice)!, [key])).toBeUndefined()
})

test('a witness cosignature counts, and fails with another time or text', () => {
  const text = checkpointText(NAME, 7, EMPTY_TREE)
  const { line, vkey } = witness('witness.example/w1', text, 1_795_300_000n)
  const cosigner = parseVkey(vkey)!
  expect(signersOf(parseNote(note + line)!, [key, cosigner])).toEqual([key, cosigner])
  const wrong = witness('witness.example/w1', text.replace('7', '8'), 1_795_300_000n)
  expect(signersOf(parseNote(note + wrong.line)!, [key, parseVkey(wrong.vkey)!])).toBeUndefined()
})

test('sixteen signatures and more are read', () => {
  const text = checkpointText(NAME, 7, EMPTY_TREE)
  const lines = Array.from({ length: 16 }, (_, at) => witness(`w${at}`, text, 1n).line)
  expect(signersOf(parseNote(note + lines.join(''))!, [key])).toEqual([key])
})

test('the text ends at the last blank line', () => {
  const parsed = parseNote('a\n\nb\n\n\u2014 n AAAAAAAA\n')
  expect(parsed?.text).toBe('a\n\nb\n')
})

describe.each([
  ['no blank line', 'a\n\u2014 n AAAAAAAA\n'],
  ['no signature', 'a\n\n'],
  ['a control character', 'a\tb\n\n\u2014 n AAAAAAAA\n'],
  ['a hyphen for the dash', 'a\n\n- n AAAAAAAA\n'],
  ['no newline at the end', 'a\n\n\u2014 n AAAAAAAA'],
  ['base64 that is not canonical', 'a\n\n\u2014 n AAAAAAB=\n'],
  ['a signature shorter than a key id', 'a\n\n\u2014 n AAAA\n'],
  ['a name with a plus', 'a\n\n\u2014 n+m AAAAAAAA\n'],
])('a note with %s', (_, text) => {
  test('is refused', () => {
    expect(parseNote(text)).toBeUndefined()
  })
})

test.each(['07', '-1', '1e3', '9007199254740993', ''])(
  'a checkpoint of size %j is refused',
  (size) => {
    expect(parseCheckpoint(`o\n${size}\n${'A'.repeat(43)}=\n`)).toBeUndefined()
  },
)

test('a gateway is pinned by prefix: each of its chains has a key name of its own, others have none', () => {
  const keys = parsePinnedKeys(
    `# keys\n${vkeyText('T/registry', signer.publicKey)}\n${vkeyText('T/exchange/gw', signer.publicKey)}\n`,
  )
  expect(keys.registry?.name).toBe('T/registry')
  expect(keys.forChain('T/exchange/gw/12')?.name).toBe('T/exchange/gw/12')
  expect(keys.forChain('T/exchange/gw/012')).toBeUndefined()
  expect(keys.forChain('T/exchange/other/1')).toBeUndefined()
  expect(keys.forChain('T/exchange/gw/1/2')).toBeUndefined()
  expect(() => parsePinnedKeys('nonsense')).toThrow('line 1')
})
