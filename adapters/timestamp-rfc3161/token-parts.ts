/** Parts of a time-stamp token that pkijs leaves to us. */
import { createHash } from 'node:crypto'
import * as asn1js from 'asn1js'
import type { Certificate, SignedData, TSTInfo } from 'pkijs'

const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'
const HASHES: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** The one value of the one signed attribute of this type. */
export function attributeOf(signed: SignedData, type: string): unknown {
  const attributes = signed.signerInfos[0]?.signedAttrs?.attributes ?? []
  const found = attributes.filter((attribute) => attribute.type === type)
  const values: readonly unknown[] = found[0]?.values ?? []
  return found.length === 1 && values.length === 1 ? values[0] : undefined
}

/**
 * RFC 5035 §3: SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, … }, of which the first names the signer;
 * ESSCertIDv2 ::= SEQUENCE { hashAlgorithm DEFAULT SHA-256, certHash OCTET STRING, issuerSerial OPTIONAL }.
 */
export function namesSigner(signed: SignedData, signer: Certificate): boolean {
  const [first] = itemsOf(itemsOf(attributeOf(signed, SIGNING_CERTIFICATE_V2))[0])
  const items = itemsOf(first)
  const [algorithm] = items[0] instanceof asn1js.Sequence ? itemsOf(items[0]) : []
  const name =
    algorithm instanceof asn1js.ObjectIdentifier ? HASHES[algorithm.getValue()] : 'sha256'
  const digest = items[0] instanceof asn1js.Sequence ? items[1] : items[0]
  if (name === undefined || !(digest instanceof asn1js.OctetString)) return false
  const certificate = new Uint8Array(signer.toSchema().toBER())
  return isEqual(bytesOf(digest), createHash(name).update(certificate).digest())
}

function itemsOf(value: unknown): readonly unknown[] {
  return value instanceof asn1js.Sequence ? value.valueBlock.value : []
}

/** Whether what is compared later is there. */
export function isWhole({ genTime, policy, version }: TSTInfo): boolean {
  return version === 1 && policy !== '' && Number.isSafeInteger(genTime.getTime())
}

export function bytesOf(value: asn1js.OctetString | asn1js.Integer): Uint8Array {
  return value.valueBlock.valueHexView
}

export function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0
}
