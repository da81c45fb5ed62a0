/** Leaves that nobody could have written, and what the view of the registry makes of them: it goes on. */
import { expect, test } from '@jest/globals'
import { holdsInForce, holdsNotEnded } from '../../gateway/erasure/holds.ts'
import { REGISTRY_KINDS } from '../../gateway/ledger/leaf.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'

const MADE_IN_PIECES = ['document', 'rules']
const NONSENSE = [null, 5, 'x', [], {}, { statement: null }, { statement: {} }, { officers: 1 }]

test.each(REGISTRY_KINDS.filter((kind) => !MADE_IN_PIECES.includes(kind)))(
  'a leaf of kind %s with any JSON for a record stops nobody who reads the registry, and orders nothing',
  (kind) => {
    for (const record of NONSENSE) {
      const view = new RegistryView()
      expect(() => {
        view.take(1, kind, record)
      }).not.toThrow()
      expect(holdsInForce(view.duties)).toEqual([])
      expect(() => holdsNotEnded(view.duties)).not.toThrow()
      expect(view.duties.newestOfficers()?.record.officers ?? []).toEqual([])
    }
  },
)
