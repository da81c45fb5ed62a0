/** An agreement counts once both its controllers have signed it, each with a key that its member document names. */
import type { AgreementSignature, SignedAgreement } from '../agreement.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { Digest, MemberId } from '../vocabulary.ts'
import type { DocumentCrypto, Documents, Registered } from './documents.ts'
import { readJson } from './json-text.ts'
import { isObject } from './shape.ts'

type Note = (path: string, pointer: string, expected: string) => void

export function checkSignatures(
  { path, document, text }: Registered<SignedAgreement>,
  documents: Documents,
  { crypto, note }: { readonly crypto: DocumentCrypto; readonly note: Note },
): void {
  const { consumerController, providerController } = document.agreement
  const parties: readonly MemberId[] = [consumerController, providerController]
  const signed = signedText(text)
  for (const [index, signature] of document.signatures.entries()) {
    const fault = faultOf(signature, { signed, parties, documents, crypto })
    if (fault !== undefined) note(path, `/signatures/${String(index)}${fault[0]}`, fault[1])
  }
  for (const party of new Set(parties)) {
    if (document.signatures.some(({ member }) => member === party)) continue
    note(path, '/signatures', 'a signature of each of the two controllers')
  }
}

interface Signed {
  readonly signed: string
  readonly parties: readonly MemberId[]
  readonly documents: Documents
  readonly crypto: DocumentCrypto
}

function faultOf(
  signature: AgreementSignature,
  { signed, parties, documents, crypto }: Signed,
): readonly [pointer: string, expected: string] | undefined {
  if (!parties.includes(signature.member)) return ['/member', 'one of the two controllers']
  const keys = documents.members.get(signature.member)?.document.signingKeys ?? []
  const key = keys.find((candidate) => candidate.key === signature.key)
  if (key === undefined) return ['/key', "one of the member's signing keys"]
  if (crypto.keyDigest(key.spki) !== key.key)
    return ['/key', 'a key whose digest is what the member says']
  // Whoever holds a key of both parties could agree with himself.
  if (isAnothersToo(key.key, signature.member, documents))
    return ['/key', 'a key of one member only']
  return crypto.verifies(signed, signature, key)
    ? undefined
    : ['/value', 'a signature over RFC 8785 of `agreement` by this key']
}

function isAnothersToo(key: Digest, member: MemberId, { members }: Documents): boolean {
  return [...members.values()].some(
    ({ document }) =>
      document.id !== member && document.signingKeys.some((candidate) => candidate.key === key),
  )
}

/** RFC 8785 of the `agreement` member, from the text as registered. */
function signedText(text: string): string {
  const whole = readJson(text)
  if (whole.kind !== 'read' || !isObject(whole.value)) return ''
  return canonicalJson(whole.value['agreement'] ?? null)
}
