import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { readDocumentsFolder, readFolder } from '../../../adapters/documents-folder/read-folder.ts'
import { documentCrypto } from '../../../gateway/registry/agreement-signatures.ts'
import { signedFiles } from '../../policies/world.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-documents-'))
  for (const { path, text } of signedFiles) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
})
afterEach(() => rmSync(folder, { recursive: true }))

const faulty = (): string[] => readFolder(folder).faults.map(({ path }) => path)

test('a whole folder is read, in order of the names', () => {
  const read = readDocumentsFolder(folder, documentCrypto)
  expect(read.kind).toBe('read')
  const paths = readFolder(folder).files.map(({ path }) => path)
  expect(paths).toEqual(signedFiles.map(({ path }) => path).toSorted())
})

test('one fault anywhere, and nothing is read', () => {
  writeFileSync(join(folder, 'members', 'new.json'), '{}')
  expect(readDocumentsFolder(folder, documentCrypto)).toMatchObject({ kind: 'faulty' })
})

test('faults of the folder and of the documents are told together', () => {
  writeFileSync(join(folder, 'members', 'new.json'), '{}')
  writeFileSync(join(folder, 'members', 'readme.txt'), 'x')
  const read = readDocumentsFolder(folder, documentCrypto)
  const paths = read.kind === 'faulty' ? read.faults.map(({ path }) => path) : []
  expect(new Set(paths)).toEqual(new Set(['members/new.json', 'members/readme.txt']))
})

test('a link is not followed, whatever it names', () => {
  const outside = mkdtempSync(join(tmpdir(), 'gongdao-outside-'))
  writeFileSync(join(outside, 'secret.json'), '{}')
  symlinkSync(join(outside, 'secret.json'), join(folder, 'members', 'linked.json'))
  rmSync(join(folder, 'services'), { recursive: true })
  symlinkSync(outside, join(folder, 'services'))
  expect(faulty()).toEqual(['services', 'members/linked.json'])
  rmSync(outside, { recursive: true })
})

test('what is no document of a known kind is named, not skipped', () => {
  mkdirSync(join(folder, 'rules'))
  mkdirSync(join(folder, 'members', 'nested.json'))
  writeFileSync(join(folder, 'members', 'a.JSON'), '{}')
  writeFileSync(join(folder, 'stray.json'), '{}')
  expect(faulty().toSorted()).toEqual([
    'members/a.JSON',
    'members/nested.json',
    'rules',
    'stray.json',
  ])
})

test('what is too large or not UTF-8 is not read', () => {
  writeFileSync(join(folder, 'members', 'large.json'), ' '.repeat(1024 * 1024 + 1))
  writeFileSync(join(folder, 'members', 'latin.json'), Buffer.from([0x22, 0xe9, 0x22]))
  expect(faulty()).toEqual(['members/large.json', 'members/latin.json'])
})

test('hidden files of editors and systems are not documents', () => {
  writeFileSync(join(folder, 'members', '.swp'), 'x')
  writeFileSync(join(folder, '.DS_Store'), 'x')
  expect(faulty()).toEqual([])
})

test('a folder that lacks a kind lacks what refers to it', () => {
  rmSync(join(folder, 'purposes'), { recursive: true })
  const read = readDocumentsFolder(folder, documentCrypto)
  expect(read.kind).toBe('faulty')
  const all = mkdtempSync(join(tmpdir(), 'gongdao-empty-'))
  expect(readDocumentsFolder(all, documentCrypto)).toMatchObject({ kind: 'read' })
  cpSync(folder, join(all, 'nested'), { recursive: true })
  expect(readDocumentsFolder(all, documentCrypto)).toMatchObject({ kind: 'faulty' })
  rmSync(all, { recursive: true })
})
