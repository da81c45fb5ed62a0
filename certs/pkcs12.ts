/**
 * A private key with its certificates as one file (PKCS #12, RFC 7292), as department systems import it: AES-256-CBC
 * under PBKDF2-HMAC-SHA-256, integrity by HMAC-SHA-256. node-forge's own bundle knows RSA keys and a SHA-1 MAC only, so
 * its ASN.1 and its ciphers are used one level lower, for EC keys as well.
 */
import { createHash, createHmac, createPrivateKey, X509Certificate } from 'node:crypto'
import forge from 'node-forge'
import type { KeyedCertificate, RandomBytes } from './sign-certificate.ts'

const { asn1, pki } = forge
type Asn1 = forge.asn1.Asn1

export interface Bundle {
  readonly leaf: KeyedCertificate
  /** PEM, the issuing CA first. */
  readonly chain: readonly string[]
  /** What a key chooser shows; may be Chinese. */
  readonly friendlyName: string
  /** At least 8 printable ASCII characters: anything else is encoded differently by different readers. */
  readonly password: string
}

const KEY_ROUNDS = 20_000
const MAC_ROUNDS = 10_000
const MAC_KEY = 3
const MAC_OCTETS = 32

/** DER. Throws `RangeError` on a password that not every reader would read alike. */
export function bundle(parts: Bundle, randomBytes: RandomBytes): Buffer {
  if (!/^[\x20-\x7e]{8,}$/.test(parts.password)) {
    throw new RangeError('the password has at least 8 characters, all of them printable ASCII')
  }
  const safe = toDer(sequence(dataOf(certificateBags(parts)), dataOf(sequence(keyBag(parts)))))
  const salt = binary(randomBytes(16))
  return Buffer.from(
    toDer(
      sequence(
        integer(3),
        dataWith(safe),
        sequence(macOf(safe, parts.password, salt), octets(salt), integer(MAC_ROUNDS)),
      ),
    ),
    'latin1',
  )
}

function keyBag(parts: Bundle): Asn1 {
  const pkcs8 = createPrivateKey(parts.leaf.key).export({ type: 'pkcs8', format: 'der' })
  const shrouded = pki.encryptPrivateKeyInfo(asn1.fromDer(binary(pkcs8)), parts.password, {
    algorithm: 'aes256',
    count: KEY_ROUNDS,
    saltSize: 16,
    prfAlgorithm: 'sha256',
  })
  return sequence(oid(named('pkcs8ShroudedKeyBag')), explicit(shrouded), attributes(parts))
}

function certificateBags(parts: Bundle): Asn1 {
  const [leaf, ...chain] = [parts.leaf.certificate, ...parts.chain].map(certificateBag)
  return sequence(
    sequence(...(leaf ?? []), attributes(parts)),
    ...chain.map((bag) => sequence(...bag)),
  )
}

function certificateBag(pem: string): [Asn1, Asn1] {
  const der = octets(binary(new X509Certificate(pem).raw))
  const certificate = sequence(oid(named('x509Certificate')), explicit(der))
  return [oid(named('certBag')), explicit(certificate)]
}

/** The name to show, and what ties key and certificate together. */
function attributes(parts: Bundle): Asn1 {
  const { raw } = new X509Certificate(parts.leaf.certificate)
  const keyId = binary(createHash('sha256').update(raw).digest().subarray(0, 20))
  return set(
    sequence(oid(named('friendlyName')), set(value(asn1.Type.BMPSTRING, parts.friendlyName))),
    sequence(oid(named('localKeyId')), set(octets(keyId))),
  )
}

function macOf(safe: string, password: string, salt: string): Asn1 {
  const key = forge.pkcs12.generateKey(
    password,
    forge.util.createBuffer(salt),
    MAC_KEY,
    MAC_ROUNDS,
    MAC_OCTETS,
    forge.md.sha256.create(),
  )
  const mac = createHmac('sha256', Buffer.from(key.getBytes(), 'latin1'))
    .update(safe, 'latin1')
    .digest()
  return sequence(sequence(oid(named('sha256')), value(asn1.Type.NULL, '')), octets(binary(mac)))
}

function dataOf(content: Asn1): Asn1 {
  return dataWith(toDer(content))
}

function dataWith(der: string): Asn1 {
  return sequence(oid(named('data')), explicit(octets(der)))
}

function sequence(...parts: Asn1[]): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, parts)
}

function set(...parts: Asn1[]): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, parts)
}

function explicit(part: Asn1): Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, asn1.Type.NONE, true, [part])
}

function value(type: forge.asn1.Type, bytes: string): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, type, false, bytes)
}

function octets(bytes: string): Asn1 {
  return value(asn1.Type.OCTETSTRING, bytes)
}

function oid(dotted: string): Asn1 {
  return value(asn1.Type.OID, asn1.oidToDer(dotted).getBytes())
}

function integer(number: number): Asn1 {
  return value(asn1.Type.INTEGER, asn1.integerToDer(number).getBytes())
}

function named(name: string): string {
  const found = pki.oids[name]
  if (found === undefined) throw new TypeError(`node-forge has no object identifier for ${name}`)
  return found
}

function toDer(part: Asn1): string {
  return asn1.toDer(part).getBytes()
}

/** node-forge keeps octets in strings, one a character. */
function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
