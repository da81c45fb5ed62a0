import { expect, test } from '@jest/globals'
import { createPublicKey, randomBytes } from 'node:crypto'
import { kafkaPrincipal } from '../../../adapters/ledger-kafka/principal.ts'
import { generateEcKey } from '../../../certs/keys.ts'
import { randomSerial, signCertificate, type Subject } from '../../../certs/sign-certificate.ts'
import { Instant } from '../../../policies/vocabulary.ts'

/** What `X500Principal.getName()` of Java 17 prints for each (tried with the broker's own Java). */
const SPELLINGS: readonly (readonly [Subject, string])[] = [
  [
    { organization: '示範機關', commonName: 'TW/GOV/GONGDAO/gateway-1' },
    'User:CN=TW/GOV/GONGDAO/gateway-1,O=示範機關,C=TW',
  ],
  [
    { organization: 'A, B + C', unit: 'x=y;<z>', commonName: 'say "hi"' },
    'User:CN=say \\"hi\\",OU=x\\=y\\;\\<z\\>,O=A\\, B \\+ C,C=TW',
  ],
  [
    { organization: '#first', unit: ' both ', commonName: 'back\\slash' },
    'User:CN=back\\\\slash,OU=\\ both\\ ,O=\\#first,C=TW',
  ],
]

test.each(SPELLINGS)('a certificate is called what Java calls it: %j', async (subject, name) => {
  expect(kafkaPrincipal(await certificate(subject))).toBe(name)
})

test('two organisations with systems of one name are two principals', async () => {
  const commonName = 'TW/GOV/A/gateway'
  const one = kafkaPrincipal(await certificate({ organization: '甲機關', commonName }))
  const other = kafkaPrincipal(await certificate({ organization: '乙機關', commonName }))
  expect(one).not.toBe(other)
})

test('a name with a comma in it is not two parts', async () => {
  const split = await certificate({ organization: 'O', unit: 'U', commonName: 'gateway' })
  const joined = await certificate({ organization: 'O', commonName: 'gateway,OU=U' })
  expect(kafkaPrincipal(split)).not.toBe(kafkaPrincipal(joined))
})

async function certificate(subject: Subject): Promise<string> {
  const key = generateEcKey()
  const now = Instant.ofMilliseconds(Date.UTC(2026, 10, 22))
  const text = {
    subject,
    publicKey: createPublicKey(key),
    notBefore: now,
    notAfter: Instant.ofMilliseconds(now + 86_400_000),
    serial: randomSerial(randomBytes),
    extensions: [],
  }
  return signCertificate(text, { selfKey: key })
}
