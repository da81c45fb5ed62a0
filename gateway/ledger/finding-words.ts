/** Every kind of finding for people: what it means, and what whoever found it does next. */
import type { FindingKind } from './finding.ts'

export interface FindingWords {
  readonly means: string
  readonly todo: string
}

const RESTORE =
  'Keep this copy as it is; compare it with another (Kafka, an export, an archive), and restore the leaves from the one that verifies.'
const ASK =
  'Keep this copy as it is; the log key signed it, so ask its operator for an account, and bring it before the auditors.'
const CONVICT =
  'Keep this copy and the evidence together: the two signatures convict the operator. Bring both before the auditors and the witnesses.'
const ACCUSING: ReadonlySet<string> = new Set([ASK, CONVICT])

export const FINDING_WORDS: Readonly<Record<FindingKind, FindingWords>> = {
  'frame-damaged': { means: 'bytes of the journal were changed or lost', todo: RESTORE },
  'segment-damaged': {
    means: 'a file of the journal was changed, or belongs elsewhere',
    todo: RESTORE,
  },
  'tail-not-zero': { means: 'something was written behind the last commit', todo: RESTORE },
  'index-wrong': { means: 'leaves are missing, repeated or in another order', todo: RESTORE },
  'leaf-malformed': { means: 'a leaf is not written as leaves are', todo: RESTORE },
  'leaf-altered': { means: 'an entry is not the leaf that the tree names', todo: RESTORE },
  'record-mismatch': { means: 'a record is not the one that its leaf names', todo: RESTORE },
  'record-missing': { means: 'a record is not there, and nothing says why', todo: RESTORE },
  'tile-damaged': {
    means: 'a file of the export was changed or is gone',
    todo: 'Export again to an empty folder from a ledger that verifies.',
  },
  'record-not-canonical': { means: 'a record is not in canonical form', todo: ASK },
  'record-malformed': { means: 'a record lacks what its kind must have', todo: ASK },
  'public-mismatch': {
    means: 'the row for public statistics is not that of the record',
    todo: ASK,
  },
  'kind-wrong': { means: 'a leaf stands where its kind has no place', todo: ASK },
  'checkpoint-missing': { means: 'leaves stand there that nobody signed', todo: RESTORE },
  'checkpoint-wrong': { means: 'a checkpoint does not fit the leaves before it', todo: RESTORE },
  'signature-wrong': { means: 'a checkpoint is not signed by the key of its chain', todo: RESTORE },
  'time-backwards': { means: 'a leaf is older than the one before it', todo: ASK },
  'opening-wrong': { means: 'a chain does not begin as the registry says', todo: ASK },
  'genesis-wrong': { means: 'a chain was not opened as the rules of succession ask', todo: ASK },
  'closure-wrong': { means: 'a chain did not end as the registry says', todo: ASK },
  'heads-wrong': { means: 'a chain saw a registry that there never was', todo: ASK },
  'chain-missing': { means: 'a chain is not there', todo: RESTORE },
  'chain-in-secret': { means: 'a chain was written that the registry never opened', todo: CONVICT },
  'number-gap': { means: "a number of a gateway's chains was left out", todo: ASK },
  'outcome-wrong': { means: 'an outcome does not belong to its intent', todo: ASK },
  'outcome-missing': { means: 'nothing says what became of an exchange', todo: ASK },
  'key-unknown': {
    means: 'no pinned key is for the chain',
    todo: 'Ask the registrar for the verifier key, by another way than this ledger, and add it to the pinned keys.',
  },
  fork: { means: 'the log key signed two stories of one place', todo: CONVICT },
  foreign: {
    means: 'somebody without the log key wrote under its name',
    todo: 'Find out who may write to that topic, and take that right away.',
  },
  behind: {
    means: 'what was signed and seen has not come here yet, or is gone from here',
    todo: 'This copy is sent behind the original: wait until nothing waits any more (gongdao status), and verify again. Where it stays, verify the folder of the gateway with the same evidence; what is missing there too convicts the operator.',
  },
  'history-rewritten': { means: 'the log key signed something else before', todo: CONVICT },
  'chain-truncated': { means: 'leaves that were signed and seen are gone', todo: CONVICT },
  'cut-missing': { means: 'a torn tail that a leaf names is not kept', todo: ASK },
  'cut-wrong': { means: 'a torn tail was changed after it was cut', todo: ASK },
  'cut-unrecorded': {
    means: 'bytes were cut off, and no leaf says so',
    todo: 'Start the gateway once, which records it; where it stays, ask its operator for an account.',
  },
  'evidence-wrong': {
    means: 'what was handed in proves nothing',
    todo: 'Ask whoever handed it in for the original.',
  },
  'anchor-missing': { means: 'a time-stamp that a leaf names is not kept', todo: RESTORE },
  'anchor-wrong': { means: 'a time-stamp is not over what its leaf says', todo: ASK },
  'anchor-expired': {
    means: 'a time-stamp ran out without a newer one over it',
    todo: 'Have the heads stamped again now; what happened before is proven up to the expiry only.',
  },
  'order-wrong': {
    means: 'a person’s key was dealt with, or records were pruned, without two officers',
    todo: ASK,
  },
  'key-lost': {
    means: 'a person’s key is gone, and nobody ordered it',
    todo: 'Put the newest backup of the key store back (gongdao keys restore), and ask its operator for an account.',
  },
  'key-undestroyed': {
    means: 'a person was erased, and her key lives',
    todo: 'Start the gateway once, which destroys it; where it stays, ask its operator for an account.',
  },
}

/** Whether it says something of whoever has the chain's key, and not only of these bytes. */
export function accuses(kind: FindingKind): boolean {
  return ACCUSING.has(FINDING_WORDS[kind].todo)
}
