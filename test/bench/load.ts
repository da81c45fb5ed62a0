/** wrk with a client certificate, on core 0: requests, latencies, and the CPU that the process under test spent meanwhile. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requestBody, type BenchBody } from './bodies.ts'
import { CONSUMER, SERVICE } from './documents.ts'
import { syntheticSubjects, type BenchWorld } from './world.ts'
import { userTicksOf } from './machine.ts'
import { CORE_OF_LOAD, CORE_OF_VARIANT, type Running } from './variants.ts'

export interface Measured {
  readonly requestsPerSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of CPU for each exchange, all threads of the process. */
  readonly cpuMicros: number
  /** Share of the core under test that other processes took meanwhile. */
  readonly foreignShare: number
}

const SUBJECTS = 64

export function compileShim(folder: string): string {
  const library = join(folder, 'client-certificate.so')
  const source = new URL('client-certificate.c', import.meta.url).pathname
  execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl'])
  return library
}

export function writeScript(folder: string, body: BenchBody): string {
  const file = join(folder, `${body.name}.lua`)
  const subjects = syntheticSubjects(SUBJECTS).map((subject) => `"${subject}"`)
  writeFileSync(
    file,
    `local subjects = {${subjects.join(',')}}
local requests, at = {}, 0
init = function()
  for i, subject in ipairs(subjects) do
    requests[i] = wrk.format("POST", "/r1/${SERVICE}${body.path}?id=" .. subject, {
      ["Host"] = "localhost", ["Content-Type"] = "application/json",
      ["X-Road-Client"] = "${CONSUMER}", ["Exchange-Purpose"] = "031",
    }, '${requestBody}')
  end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`,
  )
  return file
}

export interface LoadOptions {
  readonly world: BenchWorld
  readonly shim: string
  readonly script: string
  readonly connections: number
  readonly seconds: number
}

export async function load(target: Running, options: LoadOptions): Promise<Measured> {
  const before = usageOf(target.pid)
  const text = await runWrk(target.port, options)
  const after = usageOf(target.pid)
  return {
    ...measured(text, (after.all - before.all) * TICK_MICROS),
    foreignShare: foreignShareOf(before, after, Math.ceil(options.seconds)),
  }
}

/** Of the core under test, between two looks. */
export function foreignShareOf(before: Usage, after: Usage, seconds: number): number {
  const foreignTicks = after.coreUser - before.coreUser - (after.user - before.user)
  return Math.max(0, (foreignTicks * TICK_MICROS) / (seconds * 1e6))
}

async function runWrk(port: number, options: LoadOptions): Promise<string> {
  const client = options.world.pair('subsystem', CONSUMER)
  const connections = ['-t', '1', '-c', String(options.connections)]
  const times = ['-d', `${String(Math.ceil(options.seconds))}s`, '--timeout', '10s']
  const url = `https://localhost:${String(port)}/`
  const wrk = spawn(
    'taskset',
    ['-c', CORE_OF_LOAD, 'wrk', ...connections, ...times, '-s', options.script, url],
    {
      env: {
        ...process.env,
        LD_PRELOAD: options.shim,
        BENCH_CERTIFICATE: client.certificate,
        BENCH_KEY: client.key,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let text = ''
  wrk.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(wrk, 'close')
  return text
}

function measured(text: string, cpu: number): Omit<Measured, 'foreignShare'> {
  const found = /RESULT (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(text)
  const [requests = 0, duration = 0, p50 = 0, p99 = 0, errors = 0] = (found?.slice(1) ?? []).map(
    Number,
  )
  if (requests === 0 || errors > 0) {
    throw new Error(
      `the load ended with ${String(errors)} errors in ${String(requests)} requests\n${text}`,
    )
  }
  return {
    requestsPerSecond: (requests * 1e6) / duration,
    p50: p50 / 1000,
    p99: p99 / 1000,
    cpuMicros: cpu / requests,
  }
}

const TICK_MICROS = 10_000

export interface Usage {
  /** Clock ticks of the process, all threads: user time, and user and system time. */
  readonly user: number
  readonly all: number
  /** User time of the core under test, all processes. */
  readonly coreUser: number
}

/** proc_pid_stat(5), fields 14 and 15. */
export function usageOf(pid: number): Usage {
  let [user, all] = [0, 0]
  for (const thread of readdirSync(`/proc/${String(pid)}/task`)) {
    const stat = readFileSync(`/proc/${String(pid)}/task/${thread}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    user += Number(fields[11])
    all += Number(fields[11]) + Number(fields[12])
  }
  return { user, all, coreUser: userTicksOf(CORE_OF_VARIANT) }
}
