/** The key store, and how it last answered: read once a second, and remembered where it failed to write. */
import { degraded, failing, ok, type Health, type HealthFinding } from '../gateway/ports/health.ts'
import { KeyStoreUnavailable, type KeyStore } from '../gateway/ports/key-store.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import { ExchangeId } from '../policies/vocabulary.ts'

/** No exchange has this id, so there is nothing to open: only whether the file can be read is found. */
const NO_EXCHANGE = ExchangeId.parse('00000000-0000-0000-0000-000000000000')
/** A failed write is told for so long, unless one succeeds before. */
const REMEMBERED_MS = 60_000

/** The same key store, whose health is told. */
export function observeKeys(keys: KeyStore, health: Health, clock: Clock): KeyStore {
  let failed: { readonly fault: KeyStoreUnavailable; readonly at: number } | undefined

  async function noting<T>(answer: Promise<T>): Promise<T> {
    try {
      const value = await answer
      failed = undefined
      return value
    } catch (fault) {
      if (isOurs(fault)) failed = { fault, at: clock.now() }
      throw fault
    }
  }

  function look(): HealthFinding {
    const fault = readFault(keys)
    if (fault !== undefined) return failing(fault.message, nextStep(fault))
    if (failed === undefined || clock.now() - failed.at > REMEMBERED_MS) return ok('it answers')
    const { message } = failed.fault
    return degraded(`it could not write: ${message}; known persons pass`, nextStep(failed.fault))
  }

  health.add('key store', look)
  return {
    person(number, scope) {
      const key = keys.person(number, scope)
      // Known from memory: says nothing of the file.
      return key instanceof Promise ? noting(key) : key
    },
    nobody: (exchange) => noting(Promise.resolve(keys.nobody(exchange))),
    open: (subject, exchange, sealed) => keys.open(subject, exchange, sealed),
    repeatSecret: (day) => keys.repeatSecret(day),
    close: () => {
      keys.close()
    },
  }
}

/** One person's key that is just being destroyed says nothing of the store. */
function isOurs(fault: unknown): fault is KeyStoreUnavailable {
  return fault instanceof KeyStoreUnavailable && fault.fault !== 'suspended'
}

function readFault(keys: KeyStore): KeyStoreUnavailable | undefined {
  try {
    keys.open(undefined, NO_EXCHANGE, '')
    return undefined
  } catch (fault) {
    if (fault instanceof KeyStoreUnavailable) return fault
    throw fault
  }
}

function nextStep({ fault }: KeyStoreUnavailable): string {
  switch (fault) {
    case 'suspended':
      return 'Nothing: an erasure is under way.'
    case 'full':
      return 'Make room below the folder of the keys; it goes on by itself.'
    case 'locked':
      return 'End the other process that has keys.sqlite open.'
    case 'exposed':
      return 'Give keys.sqlite mode 0600, ask who has read it, and restart the gateway.'
    case 'read-only':
      return 'Let the gateway’s user write keys.sqlite and its folder, and restart the gateway.'
    case 'missing':
    case 'damaged':
      return 'Stop the gateway and restore keys.sqlite from its newest backup.'
    case 'input-output':
    case 'closed':
      return 'Look at the disk in the system’s log, and restart the gateway.'
  }
}
