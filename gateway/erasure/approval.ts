/**
 * Two people: one statement, signed by two different officers with keys of their own, for a time. Everything here comes from
 * outside and is checked before anything is done; the refusal says whose fault it is.
 */
import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Instant } from '../../policies/vocabulary.ts'
import type { Act, Approval, Officer, Role, Statement } from '../ledger/duty-events.ts'
import { BASES, ROLES } from './bases.ts'

/** A statement is good for this long at the most, milliseconds: 30 days, the time that PDPA §13 gives for an answer. */
export const LONGEST_VALIDITY_MS = 30 * 86_400_000
/** The officer's clock may be ahead of ours by this much, milliseconds. */
const AHEAD_MS = 120_000

export type ApprovalRefusal =
  | 'statement-malformed'
  | 'other-instance'
  | 'not-yet'
  | 'expired'
  | 'too-long'
  | 'approvals-missing'
  | 'same-person'
  | 'officer-unknown'
  | 'role-missing'
  | 'signature-wrong'

export interface Refused<Code extends string> {
  readonly kind: 'refused'
  readonly code: Code
  readonly sentence: string
}
export type Approved = { readonly kind: 'approved' } | Refused<ApprovalRefusal>

export interface ApprovalRules {
  readonly officers: readonly Officer[]
  readonly instance: string
  readonly now: Instant
}

export function checkApprovals(
  statement: Statement,
  approvals: readonly Approval[],
  rules: ApprovalRules,
): Approved {
  return (
    statementFault(statement, rules) ??
    peopleFault(statement, approvals, rules.officers) ??
    signatureFault(statement, approvals, rules.officers) ?? { kind: 'approved' }
  )
}

/** What an officer signs. The first line keeps the signature from meaning anything elsewhere. */
export function statementText(statement: Statement): string {
  return `gongdao-duty/1\n${canonicalJson(statement)}`
}

/** Without the clock: what an auditor can still check of a leaf years later. */
export function peopleFault(
  { act }: Statement,
  approvals: readonly Approval[],
  officers: readonly Officer[],
): Refused<ApprovalRefusal> | undefined {
  const signed = approvals.map(({ officer }) => officers.find(({ id }) => id === officer))
  const unknown = signed.indexOf(undefined)
  if (unknown >= 0) {
    const id = approvals[unknown]?.officer ?? ''
    return refused('officer-unknown', `${id} is not a registered officer: see officers.json`)
  }
  const [one, other, ...more] = signed
  if (one === undefined || other === undefined || more.length > 0) {
    return refused(
      'approvals-missing',
      'it takes the signatures of exactly two officers: ask a colleague to approve it',
    )
  }
  if (one.id === other.id || one.key === other.key) {
    return refused('same-person', `${one.id} has signed twice: the second must be somebody else`)
  }
  return roleFault(act, one, other)
}

function roleFault(act: Act, one: Officer, other: Officer): Refused<ApprovalRefusal> | undefined {
  const [role, otherRole] = ROLES[act]
  if (fills(one, role, other, otherRole) || fills(other, role, one, otherRole)) return undefined
  return refused(
    'role-missing',
    role === otherRole
      ? `${act} takes two officers with the role ${role}`
      : `${act} takes one officer with the role ${role} and another with the role ${otherRole}`,
  )
}

export function signatureFault(
  statement: Statement,
  approvals: readonly Approval[],
  officers: readonly Officer[],
): Refused<ApprovalRefusal> | undefined {
  const text = Buffer.from(statementText(statement))
  for (const { officer, signature } of approvals) {
    const key = publicKeyOf(officers.find(({ id }) => id === officer)?.key ?? '')
    const bytes = Buffer.from(signature, 'base64url')
    // Node skips what is not base64url: only the one canonical spelling counts.
    const isCanonical = bytes.toString('base64url') === signature
    if (key === undefined || !isCanonical || !verify(undefined, text, key, bytes)) {
      return refused(
        'signature-wrong',
        `the signature of ${officer} is not one over this statement by the key on record`,
      )
    }
  }
  return undefined
}

/** Undefined unless these are the 32 bytes of an Ed25519 key in base64url. */
export function publicKeyOf(key: string): KeyObject | undefined {
  const bytes = Buffer.from(key, 'base64url')
  if (bytes.length !== 32 || bytes.toString('base64url') !== key) return undefined
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' })
}

function statementFault(
  { act, at, basis, expires, instance }: Statement,
  rules: ApprovalRules,
): Refused<ApprovalRefusal> | undefined {
  if (!Object.hasOwn(BASES[act], basis)) {
    const known = Object.keys(BASES[act]).join(', ')
    return refused('statement-malformed', `${act} takes one of these grounds: ${known}`)
  }
  if (instance !== rules.instance) {
    return refused('other-instance', `it was signed for another instance than ${rules.instance}`)
  }
  if (at > rules.now + AHEAD_MS) {
    return refused('not-yet', 'it was signed in the future: compare the clocks')
  }
  if (expires - at > LONGEST_VALIDITY_MS) {
    return refused('too-long', 'it may be good for 30 days at the most: ask anew')
  }
  if (rules.now >= expires) return refused('expired', 'it has expired: ask anew')
  return undefined
}

function fills(one: Officer, role: Role, other: Officer, otherRole: Role): boolean {
  return one.roles.includes(role) && other.roles.includes(otherRole)
}

function refused(code: ApprovalRefusal, sentence: string): Refused<ApprovalRefusal> {
  return { kind: 'refused', code, sentence }
}
