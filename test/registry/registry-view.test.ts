import { expect, test } from '@jest/globals'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { piecesOf } from '../../gateway/registry/pieces.ts'
import { digest } from '../harness/records.ts'

function put(view: RegistryView, from: number, id: string, text: string): number {
  const entries = piecesOf('revocations', { hash: digest(id), id, text })
  for (const [at, { kind, record }] of entries.entries()) {
    view.take(from + at, kind, JSON.parse(record))
  }
  return from + entries.length
}

test('a revocation list is on record once its last piece is', () => {
  const view = new RegistryView()
  const pieces = piecesOf('revocations', { hash: digest('7'), id: '7', text: 'x'.repeat(30_000) })
  for (const [at, { kind, record }] of pieces.entries()) {
    expect(view.revocations.size).toBe(0)
    view.take(at, kind, JSON.parse(record))
  }
  expect([...view.revocations]).toEqual([[7, digest('7')]])
})

test('a list that a crash cut short does not stop the lists behind it', () => {
  const view = new RegistryView()
  const [first] = piecesOf('revocations', { hash: digest('7'), id: '7', text: 'x'.repeat(30_000) })
  if (first === undefined) throw new Error('a piece')
  view.take(0, first.kind, JSON.parse(first.record))
  const next = put(view, 1, '8', 'y')
  put(view, next, '7', 'x'.repeat(30_000))
  expect([...view.revocations.keys()].sort()).toEqual([7, 8])
})

test('lists are not kept in memory: eight years of them would not fit', () => {
  const view = new RegistryView()
  put(view, 0, '7', 'x'.repeat(30_000))
  expect(view.texts.size).toBe(0)
})

test('chains are known with their beginnings and ends', () => {
  const view = new RegistryView()
  const genesis = { at: 1, chain: 'T/exchange/g/1', gateway: 'g', key: 'k', n: 1, v: 1 }
  const closure = { at: 2, chain: 'T/exchange/g/1', root: digest('r'), sealed: true, size: 4, v: 1 }
  view.take(0, 'genesis', genesis)
  view.take(1, 'closure', closure)
  view.take(2, 'cut', { at: 3, bytes: 5, hash: digest('c'), v: 1 })
  expect(view.geneses).toEqual([{ index: 0, record: genesis }])
  expect(view.closures.get('T/exchange/g/1')).toEqual(closure)
  expect(view.cuts.has(digest('c'))).toBe(true)
})
