/** What the operator of the gateway does about a code that is not the caller's to mend. */
import type { Refusal } from '../../policies/refusal.ts'

export function nextStep(code: Refusal): string | undefined {
  return NEXT_STEPS[code]
}

const NEXT_STEPS: Partial<Readonly<Record<Refusal, string>>> = {
  'Server.Identity.RevocationListStale':
    "publish a revocation list (gongdao certs crl) into the data folder's certs; until then every caller is refused",
  'Server.Ledger.Unavailable':
    'gongdao status says why (the disk, what waits, log servers, witnesses) and what to do; until it can record, every exchange is refused',
  'Server.Keys.Unavailable':
    'look at keys/keys.sqlite below the data folder: space, owner, another process that has it open',
  'Server.Internal': 'the line of event "fault" beside this one says where; report it',
  'Server.Stopped':
    'the stop did not wait for it; if that happens often, raise stop.finishWithinMs',
  'Server.Overloaded':
    'more requests than places; if it goes on, add a gateway or raise limits.inFlight',
  'Server.Load.Busy':
    'one consumer or provider has all its places; nothing to do unless it asks for more',
  'Server.Provider.Unavailable': 'its breaker is open; tell the provider',
  'Server.Provider.Unreachable':
    'no connection; compare its address in the configuration, then tell the provider',
  'Server.Provider.Untrusted':
    'another server, or another certificate, answers at its address; tell the provider before anything else',
  'Server.Provider.Timeout': 'tell the provider if it goes on',
  'Server.Provider.Broken': 'tell the provider if it goes on',
  'Server.Provider.TooLarge': 'tell the provider: its registration allows less',
  'Server.Provider.Unsuitable': 'tell the provider: its registration says plain JSON',
  'Server.Provider.Malformed': "tell the provider: its answers don't fit its registration",
  'Server.Provider.WrongSubject': 'tell the provider at once: it answered about another person',
  'Server.Provider.FurtherPeople': 'tell the provider: it names people that nobody asked about',
}
