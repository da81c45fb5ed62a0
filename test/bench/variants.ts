/** The three things that are compared: nginx, a bare node:https proxy, and the gateway. Each is a process of its own on core 1. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { bodies, type BenchBody } from './bodies.ts'
import { PROVIDER, SERVICE } from './documents.ts'
import { GATEWAY, type BenchWorld } from './world.ts'

export interface Running {
  readonly port: number
  /** What is measured; nginx's worker, not its master. */
  readonly pid: number
  readonly stop: () => Promise<void>
}

export type VariantName = 'nginx' | 'bare' | 'gateway'

export const PORTS = { upstream: 19_500, nginx: 19_501, bare: 19_502, gateway: 19_503 }
const CORE_OF_VARIANT = '1'
const CORE_OF_LOAD = '0'

/** The provider: nginx that answers from its configuration, so that it never is what limits. */
export function startUpstream(world: BenchWorld): Promise<Running> {
  const own = world.pair('subsystem', PROVIDER)
  const locations = bodies().map(locationOf)
  const server = `server {
    listen 127.0.0.1:${String(PORTS.upstream)} ssl;
    ssl_certificate ${own.certificate}; ssl_certificate_key ${own.key};
    ${tlsLines(world)}
    ${locations.join('\n    ')}
  }`
  return startNginx(world, 'upstream', server, CORE_OF_LOAD)
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

export function startVariant(name: VariantName, world: BenchWorld): Promise<Running> {
  switch (name) {
    case 'nginx':
      return startNginxProxy(world)
    case 'bare':
      return startNode(world, 'bare.program.ts', PORTS.bare)
    case 'gateway':
      return startNode(world, 'gateway.program.ts', PORTS.gateway)
  }
}

function startNginxProxy(world: BenchWorld): Promise<Running> {
  const own = world.pair('gateway', GATEWAY)
  const server = `upstream provider { server 127.0.0.1:${String(PORTS.upstream)}; keepalive 256; }
  server {
    listen 127.0.0.1:${String(PORTS.nginx)} ssl;
    ssl_certificate ${own.certificate}; ssl_certificate_key ${own.key};
    ${tlsLines(world)}
    location /r1/${SERVICE}/ {
      proxy_pass https://provider/;
      proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_ssl_certificate ${own.certificate}; proxy_ssl_certificate_key ${own.key};
      proxy_ssl_trusted_certificate ${join(world.folder, 'chain.pem')}; proxy_ssl_verify on; proxy_ssl_verify_depth 2;
      proxy_ssl_name localhost; proxy_ssl_protocols TLSv1.3; proxy_ssl_session_reuse on;
    }
  }`
  return startNginx(world, 'nginx', server, CORE_OF_VARIANT)
}

function tlsLines({ folder }: BenchWorld): string {
  return `ssl_protocols TLSv1.3; ssl_client_certificate ${join(folder, 'chain.pem')}; ssl_verify_client on; ssl_verify_depth 2;`
}

async function startNginx(
  world: BenchWorld,
  name: 'upstream' | 'nginx',
  server: string,
  core: string,
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
  await listening(PORTS[name])
  return { port: PORTS[name], pid: await workerOf(master), stop: stopper(master) }
}

async function startNode(world: BenchWorld, program: string, port: number): Promise<Running> {
  const file = new URL(program, import.meta.url).pathname
  const child = spawn(
    'taskset',
    ['-c', CORE_OF_VARIANT, process.execPath, file, world.folder, String(port)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  await listening(port, child)
  return { port, pid: child.pid ?? 0, stop: stopper(child) }
}

const START_MS = 120_000

async function listening(port: number, child?: ChildProcess): Promise<void> {
  const until = Date.now() + START_MS
  while (Date.now() < until) {
    if (child !== undefined && child.exitCode !== null)
      throw new Error('a variant ended at its start')
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
  const { stdout } = await new Promise<{ stdout: string }>((resolve, reject) => {
    execFile('pgrep', ['-P', String(master.pid)], (error, out) => {
      if (error === null) resolve({ stdout: out })
      else reject(error)
    })
  })
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
