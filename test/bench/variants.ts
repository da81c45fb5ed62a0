/**
 * What is compared: nginx, a bare node:https proxy, the gateway, and the gateway's two ends with nothing between them. Each is a
 * process of its own on core 1.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { z } from 'zod'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'
import type { telemetry } from '../../deploy/config/telemetry.ts'
import { bodies, type BenchBody } from './bodies.ts'
import { PROVIDER, SERVICE } from './documents.ts'
import { GATEWAY, type BenchWorld } from './world.ts'

export interface Running {
  readonly port: number
  /** What is measured; nginx's worker, not its master. */
  readonly pid: number
  readonly stop: () => Promise<void>
}

export type VariantName = 'nginx' | 'bare' | 'edges' | 'gateway'

export const VARIANTS: readonly VariantName[] = ['nginx', 'bare', 'edges', 'gateway']
export const CORE_OF_VARIANT = '1'
export const CORE_OF_LOAD = '0'

/** The provider: nginx that answers from its configuration, so that it never is what limits. */
export async function startUpstream(world: BenchWorld): Promise<Running> {
  const port = await freePort()
  const own = world.pair('subsystem', PROVIDER)
  const locations = bodies().map(locationOf)
  const server = `server {
    listen 127.0.0.1:${String(port)} ssl;
    ssl_certificate ${own.certificate}; ssl_certificate_key ${own.key};
    ${tlsLines(world)}
    ${locations.join('\n    ')}
  }`
  return startNginx(world, { name: 'upstream', server, port, core: CORE_OF_LOAD })
}

// nginx takes no parameter longer than 4 KiB, so a long answer is put together from several.
const LONGEST_PART = 2000

function locationOf({ path, answer }: BenchBody): string {
  const [before = '', after = ''] = answer.split('$id')
  const parts = Array.from({ length: Math.ceil(after.length / LONGEST_PART) }, (_, at) =>
    after.slice(at * LONGEST_PART, (at + 1) * LONGEST_PART),
  )
  const sets = parts.map((part, at) => `set $part${String(at)} '${part}';`)
  const names = parts.map((_, at) => `\${part${String(at)}}`)
  return `location = ${path} {
      ${sets.join('\n      ')}
      default_type application/json; return 200 '${before}$arg_id${names.join('')}';
    }`
}

/** `upstream`: port of the provider. */
export async function startVariant(
  name: VariantName,
  world: BenchWorld,
  upstream: number,
): Promise<Running> {
  const port = await freePort()
  switch (name) {
    case 'nginx':
      return startNginxProxy(world, port, upstream)
    case 'bare':
      return startNode(world, 'bare.program.ts', { port, upstream })
    case 'edges':
      return startNode(world, 'edges.program.ts', { port, upstream })
    case 'gateway':
      return startNode(world, 'gateway.program.ts', { port, upstream })
  }
}

/** Sections of the gateway's configuration, as JSON has them. */
export interface GatewaySections {
  readonly replication?: ReplicationConfig | undefined
  readonly telemetry?: z.input<typeof telemetry> | undefined
}

export async function startGateway(
  world: BenchWorld,
  upstream: number,
  sections: GatewaySections,
): Promise<Running> {
  const port = await freePort()
  return startNode(world, 'gateway.program.ts', {
    ...{ port, upstream },
    further: [JSON.stringify(sections)],
  })
}

function startNginxProxy(world: BenchWorld, port: number, upstream: number): Promise<Running> {
  const own = world.pair('gateway', GATEWAY)
  const server = `upstream provider { server 127.0.0.1:${String(upstream)}; keepalive 256; }
  server {
    listen 127.0.0.1:${String(port)} ssl;
    ssl_certificate ${own.certificate}; ssl_certificate_key ${own.key};
    ${tlsLines(world)}
    location /r1/${SERVICE}/ {
      proxy_pass https://provider/;
      proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_ssl_certificate ${own.certificate}; proxy_ssl_certificate_key ${own.key};
      proxy_ssl_trusted_certificate ${world.chain}; proxy_ssl_verify on; proxy_ssl_verify_depth 2;
      proxy_ssl_name localhost; proxy_ssl_protocols TLSv1.3; proxy_ssl_session_reuse on;
    }
  }`
  return startNginx(world, { name: 'nginx', server, port, core: CORE_OF_VARIANT })
}

function tlsLines({ chain }: BenchWorld): string {
  return `ssl_protocols TLSv1.3; ssl_client_certificate ${chain}; ssl_verify_client on; ssl_verify_depth 2;`
}

async function startNginx(
  world: BenchWorld,
  {
    name,
    server,
    port,
    core,
  }: {
    readonly name: string
    readonly server: string
    readonly port: number
    readonly core: string
  },
): Promise<Running> {
  const folder = join(world.folder, name)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; client_body_buffer_size 64k;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  ${server}
}
`,
  )
  const master = spawn('taskset', ['-c', core, 'nginx', '-c', file, '-p', folder], {
    stdio: 'inherit',
  })
  await listening(port, master)
  return { port, pid: await workerOf(master), stop: stopper(master) }
}

async function startNode(
  world: BenchWorld,
  program: string,
  {
    port,
    upstream,
    further = [],
  }: { readonly port: number; readonly upstream: number; readonly further?: readonly string[] },
): Promise<Running> {
  const file = new URL(program, import.meta.url).pathname
  const child = spawn(
    'taskset',
    [
      '-c',
      CORE_OF_VARIANT,
      process.execPath,
      ...NODE_FLAGS,
      file,
      world.folder,
      String(port),
      String(upstream),
      ...further,
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  await listening(port, child)
  return { port, pid: child.pid ?? 0, stop: stopper(child) }
}

/** Of the system's choosing, so that two benches, or a bench and a demo, can run at once. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** As deploy/README.md advises for a gateway that has one core; the bare proxy gets the same. */
export const NODE_FLAGS = [
  ...['--min-semi-space-size=128', '--max-semi-space-size=128'],
  ...['--single-threaded-gc', '--no-memory-reducer', '--heap-growing-percent=400'],
]

const START_MS = 120_000

async function listening(port: number, child: ChildProcess): Promise<void> {
  const until = Date.now() + START_MS
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error('a variant ended at its start')
    if (await answers(port)) return
    await wait(50)
  }
  throw new Error(`nothing listens on port ${String(port)}`)
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function workerOf(master: ChildProcess): Promise<number> {
  const { stdout } = await promisify(execFile)('pgrep', ['-P', String(master.pid)])
  return Number(stdout.trim().split('\n')[0])
}

function stopper(child: ChildProcess): () => Promise<void> {
  return async () => {
    if (child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
}
