/** Legal holds, asked of exchanges and pseudonyms. */
import { openKeyStore } from '../../adapters/key-store-sqlite/key-store-sqlite.ts'
import type { Clock } from '../../gateway/ports/clock.ts'
import type { DutyView } from '../../gateway/projections/duty-view.ts'
import { ExchangeId } from '../../policies/vocabulary.ts'
import { foldersOf } from '../config.ts'
import { systemChance } from '../system.ts'

export interface HeldBy {
  readonly isHeld: (what: {
    readonly exchange?: string | undefined
    readonly subject?: string | undefined
  }) => boolean
  close(): void
}

/** The key store is opened only where somebody is under a hold: nothing else leads from a pseudonym to her. */
export function heldBy(data: string, duties: DutyView, clock: Clock): HeldBy {
  const persons = [...duties.holds.values()].some(({ token }) => token !== undefined)
  const file = `${foldersOf(data).keys}/keys.sqlite`
  const keys = persons
    ? openKeyStore({ file, expect: 'existing', chance: systemChance(), clock })
    : undefined
  const tokenOf = (subject: string | undefined): string | undefined => {
    const person = subject === undefined ? undefined : keys?.holder(subject)
    return person === undefined ? undefined : keys?.holdToken(person)
  }
  return {
    isHeld({ exchange, subject }) {
      if (duties.holds.size === 0) return false
      const exchanges = new Set(exchange === undefined ? [] : [ExchangeId.parse(exchange)])
      return duties.holdsOn({ token: tokenOf(subject), exchanges }).length > 0
    },
    close: () => keys?.close(),
  }
}
