/**
 * Time-stamping authorities (RFC 3161) on a port of their own: a real one, made by `openssl ts`, and ones that lie. Certificates and
 * keys are real and made here; where a clock is given, the token is signed by `openssl cms` with that time in it.
 */
import 'reflect-metadata'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as asn1js from 'asn1js'
import { Accuracy, TimeStampReq, TSTInfo } from 'pkijs'
import { makeSigner, TSA_POLICY } from './timestamp-signers.ts'
import type { SignerChanges, StampSigner } from './timestamp-signers.ts'

const run = promisify(execFile)
const TST_INFO = '1.2.840.113549.1.9.16.1.4'

/** What it does instead of answering as it should. */
export type Lie =
  | { readonly kind: 'imprint' | 'nonce' | 'no-nonce' | 'unnamed' | 'garbage' | 'huge' | 'slow' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'http'; readonly status: number; readonly type?: string }
  | { readonly kind: 'info'; readonly change: (info: TSTInfo) => void }
  | { readonly kind: 'damage'; readonly change: (token: Buffer) => void }

export interface TestAuthority {
  readonly url: URL
  /** PEM. */
  readonly root: string
  lie: Lie | undefined
  /** Milliseconds that its tokens name; absent: the machine's clock, by `openssl ts`. */
  time: number | undefined
  /** How many questions came. */
  asked: number
  /** From now on signs with another certificate, of the same root unless told. */
  become(changes: SignerChanges): Promise<void>
  close(): Promise<void>
}

export async function startTimestampAuthority(changes: SignerChanges = {}): Promise<TestAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-tsa-'))
  const first = await makeSigner(changes)
  const { root } = first
  const authority = { root, lie: undefined, time: undefined, asked: 0 } as {
    -readonly [Name in 'root' | 'lie' | 'time' | 'asked']: TestAuthority[Name]
  }
  let last: Promise<unknown> = Promise.resolve()
  writeSigner(folder, first)
  const server = createServer((request, response) => {
    authority.asked += 1
    // One at a time: `openssl ts` counts its serial numbers in a file.
    last = last.then(() => answer(request, response)).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { lie, time } = authority
    if (lie?.kind === 'slow') return
    const status = lie?.kind === 'http' ? lie.status : 200
    const type = lie?.kind === 'http' ? lie.type : undefined
    const body = await bodyFor(folder, Buffer.concat(chunks), { lie, time })
    response.writeHead(status, { 'Content-Type': type ?? 'application/timestamp-reply' })
    response.end(body)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(authority, {
    url: new URL(`http://127.0.0.1:${String(port)}/tsa`),
    async become(how: SignerChanges) {
      writeSigner(folder, await makeSigner(how, first))
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await last
      rmSync(folder, { recursive: true, force: true })
    },
  })
}

function writeSigner(folder: string, { certificate, key, root }: StampSigner): void {
  writeFileSync(join(folder, 'tsa.crt'), certificate)
  writeFileSync(join(folder, 'tsa.key'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'root.crt'), root)
  writeFileSync(join(folder, 'serial'), '01\n')
  writeFileSync(join(folder, 'ts.cnf'), configuration(folder))
}

function configuration(folder: string): string {
  return `[tsa]
default_tsa = one
[one]
serial = ${folder}/serial
signer_cert = ${folder}/tsa.crt
certs = ${folder}/root.crt
signer_key = ${folder}/tsa.key
signer_digest = sha256
default_policy = ${TSA_POLICY}
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
`
}

type How = Pick<TestAuthority, 'lie' | 'time'>

async function bodyFor(folder: string, query: Buffer, how: How): Promise<Buffer> {
  const { lie } = how
  if (lie?.kind === 'garbage') return Buffer.from('<html>not today</html>')
  if (lie?.kind === 'huge') return Buffer.alloc(4 * 1024 * 1024, 0x30)
  if (lie?.kind === 'status') return responseOf(lie.status)
  const token = await honestToken(folder, query, how)
  if (lie?.kind === 'damage') lie.change(token)
  return responseOf(0, token)
}

async function honestToken(folder: string, query: Buffer, how: How): Promise<Buffer> {
  const { lie, time } = how
  const isPlain = time === undefined && (lie === undefined || lie.kind === 'damage')
  return isPlain ? byOpensslTs(folder, query) : bySigning(folder, query, how)
}

async function byOpensslTs(folder: string, query: Buffer): Promise<Buffer> {
  writeFileSync(join(folder, 'query'), query)
  const files = ['-queryfile', join(folder, 'query'), '-out', join(folder, 'token')]
  const config = ['-config', join(folder, 'ts.cnf'), '-token_out']
  await run('openssl', ['ts', '-reply', ...files, ...config])
  return readFileSync(join(folder, 'token'))
}

/** A TSTInfo of our own making, signed as `openssl ts` would. */
async function bySigning(folder: string, query: Buffer, { lie, time }: How): Promise<Buffer> {
  const info = infoFor(TimeStampReq.fromBER(new Uint8Array(query)), time ?? Date.now())
  if (lie !== undefined) tellLie(info, lie)
  const at = (name: string): string => join(folder, name)
  writeFileSync(at('info'), Buffer.from(info.toSchema().toBER()))
  const files = ['-in', at('info'), '-out', at('token'), '-outform', 'DER']
  const by = ['-signer', at('tsa.crt'), '-inkey', at('tsa.key'), '-md', 'sha256']
  const type = ['-binary', '-nodetach', '-econtent_type', TST_INFO, '-certfile', at('root.crt')]
  // `-cades` has the signature name its certificate.
  const named = lie?.kind === 'unnamed' ? [] : ['-cades']
  await run('openssl', ['cms', '-sign', ...files, ...by, ...type, ...named])
  return readFileSync(at('token'))
}

function infoFor({ messageImprint, nonce }: TimeStampReq, time: number): TSTInfo {
  return new TSTInfo({
    version: 1,
    policy: TSA_POLICY,
    messageImprint,
    serialNumber: new asn1js.Integer({ value: 7 }),
    genTime: new Date(time),
    accuracy: new Accuracy({ seconds: 1 }),
    ...(nonce && { nonce }),
  })
}

function tellLie(info: TSTInfo, lie: Lie): void {
  if (lie.kind === 'imprint') flip(info.messageImprint.hashedMessage.valueBlock.valueHexView)
  if (lie.kind === 'nonce' && info.nonce) flip(info.nonce.valueBlock.valueHexView)
  if (lie.kind === 'no-nonce') delete info.nonce
  if (lie.kind === 'info') lie.change(info)
}

function flip(bytes: Uint8Array): void {
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
}

/** TimeStampResp (RFC 3161 §2.4.2). */
function responseOf(status: number, token?: Buffer): Buffer {
  const info = new asn1js.Sequence({ value: [new asn1js.Integer({ value: status })] })
  const head = Buffer.from(info.toBER())
  return der(0x30, token === undefined ? head : Buffer.concat([head, token]))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const bytes =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...bytes]), content])
}
