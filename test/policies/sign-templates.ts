/**
 * Turns the unsigned templates of a demonstration into documents: every controller gets a signing key, its member document
 * names it, and each agreement is signed by its two controllers. In earnest each controller signs at home.
 */
import type { KeyObject } from 'node:crypto'
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Json, JsonObject } from '../../policies/canonical-json.ts'
import type { DocumentFile } from '../../policies/documents/documents.ts'
import { readJson } from '../../policies/documents/json-text.ts'
import { isObject } from '../../policies/documents/shape.ts'
import { MemberId } from '../../policies/vocabulary.ts'
import { signAgreement, signingKeyOf } from '../../gateway/registry/agreement-signatures.ts'

/** `keyOf`: a member's private signing key, the same one each time it is asked. Throws for a text that is no JSON. */
export function signTemplates(
  files: readonly DocumentFile[],
  keyOf: (member: MemberId) => KeyObject,
): readonly DocumentFile[] {
  const templates = files.map(({ path, text }) => ({ path, document: objectOf(path, text) }))
  return templates.map(({ path, document }) => ({
    path,
    text: canonicalJson(filledIn(path, document, keyOf)),
  }))
}

function filledIn(
  path: string,
  document: JsonObject,
  keyOf: (member: MemberId) => KeyObject,
): JsonObject {
  if (path.startsWith('members/') && document['kind'] === 'controller') {
    const { key, spki } = signingKeyOf(keyOf(MemberId.parse(document['id'])))
    return { ...document, signingKeys: [{ key, spki }] }
  }
  return path.startsWith('agreements/') ? signed(document, keyOf) : document
}

function signed(document: JsonObject, keyOf: (member: MemberId) => KeyObject): JsonObject {
  const agreement: Json = document['agreement'] ?? null
  if (!isObject(agreement)) return document
  const parties = ['consumerController', 'providerController'] as const
  const members = new Set(parties.map((party) => MemberId.parse(agreement[party])))
  const signatures = [...members].map((member) => ({
    ...signAgreement(agreement, member, keyOf(member)),
  }))
  return { agreement, signatures }
}

function objectOf(path: string, text: string): JsonObject {
  const json = readJson(text)
  if (json.kind !== 'read' || !isObject(json.value))
    throw new TypeError(`${path} is no JSON object`)
  return json.value
}
