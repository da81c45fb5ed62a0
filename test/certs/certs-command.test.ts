import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { certsCommand } from '../../deploy/commands/certs.ts'
import { HAS_OPENSSL, openssl } from './openssl.ts'

const data = mkdtempSync(join(tmpdir(), 'gongdao-command-'))
const golden = join(import.meta.dirname, 'golden', 'ec-p384.csr')
afterAll(() => rmSync(data, { recursive: true }))

interface Ran {
  readonly out: string
  readonly error: string
  readonly failed: boolean
}

async function run(...words: string[]): Promise<Ran> {
  let [out, error, failed] = ['', '', false]
  const outlet = {
    out: (text: string) => void (out += text),
    error: (text: string) => void (error += text),
    failed: () => void (failed = true),
  }
  await certsCommand(outlet).parseAsync([...words, '--data', data], { from: 'user' })
  return { out, error, failed }
}

async function asked(...words: string[]): Promise<Record<string, unknown>> {
  const { out, error } = await run(...words, '--json')
  return JSON.parse(out === '' ? error : out) as Record<string, unknown>
}

test('without an authority every command says how to make one', async () => {
  const { out, error, failed } = await run('show')
  expect([out, failed]).toEqual(['', true])
  expect(error).toContain('gongdao certs init')
})

describe('the registrar’s day', () => {
  beforeAll(async () => {
    expect((await run('init')).out).toContain('Certification authority')
  })

  test('a subsystem’s key, certificate and PKCS#12 bundle', async () => {
    const password = join(data, 'password')
    writeFileSync(password, 'correct horse battery\nnot this line\n')
    const words = [
      'issue',
      'subsystem',
      'TW/GOV/MOF/income',
      '--organization',
      '財政部',
      '--unit',
      '財政資訊中心',
    ]
    const { files, uri } = (await asked(...words, '--p12', password)) as {
      files: Record<string, string>
      uri: string
    }
    expect(uri).toBe('urn:gongdao:subsystem:TW/GOV/MOF/income')
    const certificate = new X509Certificate(readFileSync(files['certificate'] ?? ''))
    expect(certificate.subject).toBe('C=TW\nO=財政部\nOU=財政資訊中心\nCN=TW/GOV/MOF/income')
    expect(statSync(files['key'] ?? '').mode & 0o777).toBe(0o600)
    expect(statSync(files['p12'] ?? '').mode & 0o777).toBe(0o600)
    createSecureContext({
      pfx: readFileSync(files['p12'] ?? ''),
      passphrase: 'correct horse battery',
    })
  })

  test('a gateway, a member, and a request made elsewhere', async () => {
    expect(
      (
        await run(
          'issue',
          'gateway',
          'TW/GOV/GONGDAO/gateway-1',
          '--host',
          'gw.example',
          '10.0.0.1',
        )
      ).failed,
    ).toBe(false)
    expect((await run('issue', 'member', 'TW/GOV/MOF', '--key', 'rsa')).failed).toBe(false)
    const signed = (await asked('sign-csr', golden, 'subsystem', 'TW/GOV/MOI/household')) as {
      files: Record<string, string>
    }
    expect(Object.keys(signed.files)).toEqual(['certificate'])
  })

  test('a certificate is revoked by its file or by its serial number, and show tells', async () => {
    const { serial, files } = (await asked('issue', 'subsystem', 'TW/GOV/NHI/enrolment')) as {
      serial: string
      files: Record<string, string>
    }
    expect(
      await asked('revoke', files['certificate'] ?? '', '--reason', 'keyCompromise'),
    ).toMatchObject({ serial, number: 2, revoked: 1 })
    const second = (await asked('issue', 'subsystem', 'TW/GOV/NHI/enrolment')) as { serial: string }
    const withColons = (second.serial.toUpperCase().match(/../g) ?? []).join(':')
    expect(await asked('revoke', withColons, '--reason', 'superseded')).toMatchObject({
      serial: second.serial,
      number: 3,
    })
    const shown = (await asked('show')) as {
      crl: { number: number }
      certificates: { serial: string; status: string }[]
    }
    expect(shown.crl.number).toBe(3)
    expect(shown.certificates.find((one) => one.serial === serial)).toMatchObject({
      status: 'revoked',
      reason: 'keyCompromise',
    })
    expect((await run('show')).out).toContain('revoked')
  })

  if (HAS_OPENSSL) {
    test('openssl agrees on the chain, on the revoked certificate and on the list', async () => {
      const { files, serial } = (await asked('issue', 'subsystem', 'TW/GOV/MOL/labour')) as {
        serial: string
        files: Record<string, string>
      }
      const at = (name: string): string => join(data, 'certs', name)
      const verify = (): string =>
        openssl(
          'verify',
          '-purpose',
          'sslclient',
          '-crl_check',
          '-CAfile',
          at('root.crt'),
          '-untrusted',
          at('issuing.crt'),
          '-CRLfile',
          at('crl.pem'),
          files['certificate'] ?? '',
        )
      expect(verify()).toContain('OK')
      await run('revoke', serial, '--reason', 'cessationOfOperation')
      expect(verify).toThrow('certificate revoked')
      expect(openssl('crl', '-in', at('crl.pem'), '-noout', '-text')).toContain(
        'Cessation Of Operation',
      )
    })
  }

  test('a new list has the next number', async () => {
    const { crl } = (await asked('show')) as { crl: { number: number } }
    expect(await asked('crl', '--list-days', '30')).toMatchObject({ number: crl.number + 1 })
  })

  test.each([
    [['issue', 'subsystem', 'TW/GOV/MOF'], 'Malformed', 'instance/class/code/subsystem'],
    [['issue', 'person', 'TW/GOV/MOF'], 'Malformed', 'subsystem, gateway or member'],
    [['issue', 'subsystem', 'TW/GOV/A/b', '--days', '99999'], 'RangeError', 'outlive'],
    [['sign-csr', golden, 'subsystem', 'TW/GOV/MOF/income'], 'RequestRefused', 'exactly one URI'],
    [['sign-csr', '/nowhere.csr', 'subsystem', 'TW/GOV/MOF/income'], 'Error', 'nowhere'],
    [['revoke', golden, '--reason', 'superseded'], 'CertsFolderFault', 'neither'],
    [['revoke', 'abcdef', '--reason', 'superseded'], 'CertsFolderFault', 'no certificate'],
    [['init'], 'CertsFolderFault', 'already'],
  ])('%j is answered with what is wrong', async (words, name, message) => {
    const told = await asked(...words)
    expect(told).toMatchObject({ error: name })
    expect(told['message']).toContain(message)
    const { out, error, failed } = await run(...words)
    expect([out, failed]).toEqual(['', true])
    expect(error).toMatch(/^error: [^\n]+\n$/)
  })
})
