/**
 * One time-stamp token checked in full (RFC 3161 §2.3, §2.4.2; RFC 5816), whoever made it. Everything in it is attacker-controlled
 * until the signature leads to a pinned root.
 *
 * pkijs parses, follows the chain at the token's own time and verifies the signature. It throws where it finds something wrong, and
 * looks neither at the purpose of the certificate, nor whether the signature names it, nor at policy, nonce and hash algorithm.
 */
import { createHash } from 'node:crypto'
import * as asn1js from 'asn1js'
import { Certificate, ContentInfo, ExtKeyUsage } from 'pkijs'
import { SignedData, SignedDataVerifyError, TSTInfo } from 'pkijs'
import type { Checked, StampFault, StampRefused } from '../../gateway/ports/timestamp-authority.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { attributeOf, bytesOf, isEqual, isWhole, namesSigner } from './token-parts.ts'

export interface TokenRules {
  /** Roots that the authority's certificate must lead to, PEM; what else an answer brings is not trusted. */
  readonly roots: readonly string[]
  /** Object identifiers; absent: any policy. */
  readonly policies?: readonly string[]
}

export interface Asked {
  readonly content: Uint8Array
  /** Absent: nobody remembers what was asked (an auditor, years later). */
  readonly nonce?: Uint8Array
}

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const TST_INFO = '1.2.840.113549.1.9.16.1.4'
const SHA_256 = '2.16.840.1.101.3.4.2.1'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
/** pkijs: the path to a root could not be followed. */
const CHAIN_FAILED = 5

export async function checkToken(
  token: Uint8Array,
  asked: Asked,
  rules: TokenRules,
): Promise<Checked> {
  const parsed = parse(token)
  if (parsed === undefined) return refused('malformed', 'the answer holds no time-stamp token')
  const wrong = contentFault(parsed.info, asked, rules)
  if (wrong !== undefined) return wrong
  const verified = await verify(parsed.signed, asked.content, rules)
  if ('kind' in verified) return verified
  const fault = signerFault(parsed.signed, verified.signer)
  if (fault !== undefined) return fault
  const { genTime, policy } = parsed.info
  const ends = verified.path.map(({ notAfter }) => notAfter.value.getTime())
  return {
    kind: 'good',
    stamp: {
      at: Instant.ofMilliseconds(genTime.getTime()),
      accuracyMs: accuracyOf(parsed.info),
      notAfter: Instant.ofMilliseconds(Math.min(...ends)),
      policy,
    },
  }
}

interface Parsed {
  readonly signed: SignedData
  readonly info: TSTInfo
}

function parse(token: Uint8Array): Parsed | undefined {
  try {
    const { offset, result } = asn1js.fromBER(token)
    if (offset !== token.byteLength) return undefined
    const content = new ContentInfo({ schema: result })
    if (content.contentType !== SIGNED_DATA) return undefined
    const signed = new SignedData({ schema: content.content })
    const { eContent, eContentType } = signed.encapContentInfo
    // RFC 3161 §2.4.2: one signature, and no other.
    if (eContentType !== TST_INFO || eContent === undefined || signed.signerInfos.length !== 1)
      return undefined
    const info = TSTInfo.fromBER(eContent.getValue())
    return isWhole(info) ? { signed, info } : undefined
  } catch {
    return undefined
  }
}

function contentFault(
  info: TSTInfo,
  { content, nonce }: Asked,
  { policies }: TokenRules,
): StampRefused | undefined {
  const { hashAlgorithm, hashedMessage } = info.messageImprint
  const imprint = createHash('sha256').update(content).digest()
  if (hashAlgorithm.algorithmId !== SHA_256 || !isEqual(bytesOf(hashedMessage), imprint))
    return refused('imprint', 'the time-stamp is over something else')
  if (nonce !== undefined && !(info.nonce && isEqual(bytesOf(info.nonce), nonce)))
    return refused('nonce', 'the time-stamp answers another question: its nonce is not ours')
  if (policies !== undefined && !policies.includes(info.policy))
    return refused('policy', 'the time-stamp was made under a policy that is not configured')
  return undefined
}

interface Verified {
  readonly signer: Certificate
  readonly path: readonly Certificate[]
}

async function verify(
  signed: SignedData,
  content: Uint8Array,
  { roots }: TokenRules,
): Promise<Verified | StampRefused> {
  try {
    const { certificatePath, signatureVerified, signerCertificate } = await signed.verify({
      signer: 0,
      data: new Uint8Array(content).buffer,
      trustedCerts: roots.map(certificateOf),
      checkChain: true,
      extendedMode: true,
    })
    return signatureVerified === true && signerCertificate
      ? { signer: signerCertificate, path: certificatePath }
      : refused('signature', 'the signature of the time-stamp is wrong')
  } catch (fault) {
    return fault instanceof SignedDataVerifyError && fault.code === CHAIN_FAILED
      ? refused('chain', 'its certificate does not lead to a configured root, or had expired')
      : refused('signature', 'the signature of the time-stamp is wrong')
  }
}

function signerFault(signed: SignedData, signer: Certificate): StampRefused | undefined {
  if (!isForTimeStampingAlone(signer))
    return refused('purpose', 'its certificate is not one for time-stamping alone')
  const type = attributeOf(signed, CONTENT_TYPE)
  if (!(type instanceof asn1js.ObjectIdentifier) || type.getValue() !== TST_INFO)
    return refused('signature', 'the signature is over another type of content')
  return namesSigner(signed, signer)
    ? undefined
    : refused('signer', 'the signature does not name the certificate that made it (ESSCertIDv2)')
}

/** RFC 3161 §2.3: one extended key usage, critical, and no other purpose. */
function isForTimeStampingAlone({ extensions = [] }: Certificate): boolean {
  const usages = extensions.filter(({ extnID }) => extnID === EXTENDED_KEY_USAGE)
  const [usage] = usages
  if (usages.length !== 1 || usage?.critical !== true) return false
  const value: unknown = usage.parsedValue
  return value instanceof ExtKeyUsage && value.keyPurposes.join() === TIME_STAMPING
}

function accuracyOf({ accuracy }: TSTInfo): number {
  const { micros = 0, millis = 0, seconds = 0 } = accuracy ?? {}
  return seconds * 1000 + millis + Math.ceil(micros / 1000)
}

const parsedRoots = new Map<string, Certificate>()

function certificateOf(pem: string): Certificate {
  const known = parsedRoots.get(pem)
  if (known !== undefined) return known
  const base64 = pem.replaceAll(/-----[^-]+-----|\s/g, '')
  const certificate = Certificate.fromBER(new Uint8Array(Buffer.from(base64, 'base64')))
  parsedRoots.set(pem, certificate)
  return certificate
}

export function refused(why: StampFault, sentence: string): StampRefused {
  return { kind: 'refused', why, sentence }
}
