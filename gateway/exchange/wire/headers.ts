/**
 * The headers that a consumer may send, read once (X-Road PR-REST 4.3; design §2, "Request headers"). All of them are
 * attacker-controlled. A header of the protocol stands at most once; whatever is not listed here is not read.
 */
import type { Refusal } from '../../../policies/refusal.ts'
import {
  BasisCode,
  Digest,
  FieldName,
  GatewayId,
  Malformed,
  MemberId,
  PurposeCode,
  SubsystemId,
} from '../../../policies/vocabulary.ts'
import { remembered } from './remembered.ts'

export interface ProtocolHeaders {
  /** X-Road-Client: a claim, until it is compared with the certificate. */
  readonly client: SubsystemId
  /** X-Road-Id as sent, 1–255 visible ASCII characters. */
  readonly id: string | undefined
  /** X-Road-UserId and X-Road-Issue go to the provider and never into a leaf. */
  readonly userId: string | undefined
  readonly issue: string | undefined
  /** X-Road-Represented-Party `[class/]code`, completed with the instance (and the class) of the client. */
  readonly representedParty: MemberId | undefined
  /** X-Road-Security-Server: the gateway that the caller insists on. */
  readonly securityServer: GatewayId | undefined
  readonly purpose: PurposeCode | undefined
  readonly basis: BasisCode | undefined
  /** Exchange-Case, decoded, at most 200 characters: sealed in the log. */
  readonly caseNumber: string | undefined
  /** Exchange-Official: a commitment (SHA-256, base64url) to who acted. */
  readonly official: Digest | undefined
  /** Exchange-Fields, sorted, no name twice. */
  readonly fields: readonly FieldName[] | undefined
  /** Idempotency-Key without its quotes, 1–255 characters. */
  readonly idempotencyKey: string | undefined
  readonly contentType: string | undefined
  readonly accept: string | undefined
}

export type HeadersRead =
  | { readonly kind: 'read'; readonly headers: ProtocolHeaders }
  | { readonly kind: 'refused'; readonly code: Refusal }

/** From name, value, name, value, … as received. */
export function readHeaders(raw: readonly string[]): HeadersRead {
  const texts: Texts = {}
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    const place = PLACES.get(name)
    if (place === undefined) continue
    if (texts[place] !== undefined && name !== 'connection') return refused('DuplicateHeader')
    texts[place] = joined(texts[place], raw[at + 1] ?? '')
  }
  if (texts.client === undefined) return refused('ClientMissing')
  try {
    return { kind: 'read', headers: parsed(texts.client, texts) }
  } catch (fault) {
    if (fault instanceof Malformed) return refused('MalformedHeader')
    throw fault
  }
}

type Place = keyof ProtocolHeaders | 'connection'
type Texts = Partial<Record<Place, string>>

const PLACES: ReadonlyMap<string, Place> = new Map<string, Place>([
  ['x-road-client', 'client'],
  ['x-road-id', 'id'],
  ['x-road-userid', 'userId'],
  ['x-road-issue', 'issue'],
  ['x-road-represented-party', 'representedParty'],
  ['x-road-security-server', 'securityServer'],
  ['exchange-purpose', 'purpose'],
  ['exchange-basis', 'basis'],
  ['exchange-case', 'caseNumber'],
  ['exchange-official', 'official'],
  ['exchange-fields', 'fields'],
  ['idempotency-key', 'idempotencyKey'],
  ['content-type', 'contentType'],
  ['accept', 'accept'],
  ['connection', 'connection'],
])

function refused(what: 'DuplicateHeader' | 'MalformedHeader' | 'ClientMissing'): HeadersRead {
  return { kind: 'refused', code: `Client.Request.${what}` }
}

function joined(before: string | undefined, text: string): string {
  return before === undefined ? text : `${before},${text}`
}

function parsed(clientText: string, texts: Texts): ProtocolHeaders {
  connectionNamesNone(texts.connection)
  const client = subsystem(clientText)
  return {
    client,
    id: given(texts.id, visible),
    userId: given(texts.userId, text255),
    issue: given(texts.issue, text255),
    representedParty: given(texts.representedParty, (text) => partyOf(client, text)),
    securityServer: given(texts.securityServer, GatewayId.parse),
    purpose: given(texts.purpose, PurposeCode.parse),
    basis: given(texts.basis, BasisCode.parse),
    caseNumber: given(texts.caseNumber, caseNumber),
    official: given(texts.official, Digest.parse),
    fields: given(texts.fields, fieldList),
    idempotencyKey: given(texts.idempotencyKey, idempotencyKey),
    contentType: given(texts.contentType, text255),
    accept: given(texts.accept, text1024),
  }
}

const subsystem = remembered(SubsystemId.parse)

function given<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text)
}

/** RFC 9110 7.6.1 would let a caller have a header removed on the way by naming it in Connection. */
function connectionNamesNone(connection: string | undefined): void {
  if (connection === undefined) return
  for (const option of connection.toLowerCase().split(',')) {
    if (PLACES.has(option.trim())) throw new Malformed('no header of the protocol in Connection')
  }
}

function matching(pattern: RegExp, expected: string): (text: string) => string {
  return (text) => {
    if (!pattern.test(text)) throw new Malformed(expected)
    return text
  }
}

const visible = matching(/^[!-~]{1,255}$/, '1 to 255 visible ASCII characters')
const text255 = matching(/^[ -~\u0080-\u00ff]{1,255}$/, 'a text without control characters')
const text1024 = matching(/^[\t -~\u0080-\u00ff]{0,1024}$/, 'a text without control characters')

/** Without a class it is a member of the client's own class. */
function partyOf(client: SubsystemId, text: string): MemberId {
  const [instance = '', ownClass = ''] = client.split('/', 2)
  const parts = text.split('/')
  if (parts.length > 2) throw new Malformed('[class/]code')
  const [memberClass, code] = parts.length === 2 ? parts : [ownClass, text]
  return MemberId.parse(`${instance}/${memberClass ?? ''}/${code ?? ''}`)
}

const EXTENDED = "UTF-8''"

/**
 * UTF-8 as it stands on the wire (Node shows each byte as one character), or RFC 8187 `UTF-8''%E5%8C%97…` for clients
 * whose library allows ASCII only.
 */
function caseNumber(text: string): string {
  const decoded = text.startsWith(EXTENDED)
    ? percentDecoded(text.slice(EXTENDED.length))
    : utf8Of(text)
  if (!/^\P{C}{1,200}$/u.test(decoded)) {
    throw new Malformed('a document number of 1 to 200 characters')
  }
  return decoded
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(matching(/^[!-~]*$/, 'RFC 8187')(text))
  } catch (fault) {
    throw fault instanceof URIError ? new Malformed('RFC 8187 in UTF-8') : fault
  }
}

function utf8Of(text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(text, 'latin1'),
    )
  } catch {
    throw new Malformed('UTF-8')
  }
}

function fieldList(text: string): readonly FieldName[] {
  const names = text.split(',').map((name) => FieldName.parse(name.trim()))
  if (new Set(names).size !== names.length) throw new Malformed('each field once')
  return names.sort()
}

/** draft-ietf-httpapi-idempotency-key-header 2.1: a Structured-Fields string; a bare token is taken as well. */
function idempotencyKey(text: string): string {
  const quoted = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/.exec(text)
  const key = quoted?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? text
  if (quoted === null) matching(/^[!#-+\-.0-9:A-Z^-z|~/=]+$/, 'a string or a token')(key)
  return matching(/^[ -~]{1,255}$/, '1 to 255 characters')(key)
}
