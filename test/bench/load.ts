/** wrk with a client certificate, on core 0: requests, latencies, and the CPU that the process under test spent meanwhile. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requestBody, type BenchBody } from './bodies.ts'
import { CONSUMER, SERVICE } from './documents.ts'
import { syntheticSubjects, type BenchWorld } from './world.ts'
import type { Running } from './variants.ts'

export interface Measured {
  readonly requestsPerSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of CPU for each exchange, all threads of the process. */
  readonly cpuMicros: number
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
  const client = options.world.pair('subsystem', CONSUMER)
  const before = cpuMicrosOf(target.pid)
  const wrk = spawn(
    'taskset',
    [
      '-c',
      '0',
      'wrk',
      '-t',
      '1',
      '-c',
      String(options.connections),
      '-d',
      `${String(options.seconds)}s`,
      '--timeout',
      '10s',
      '-s',
      options.script,
      `https://localhost:${String(target.port)}/`,
    ],
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
  return measured(text, cpuMicrosOf(target.pid) - before)
}

function measured(text: string, cpu: number): Measured {
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

/** User and system time of all threads (proc_pid_stat(5), fields 14 and 15), microseconds. */
function cpuMicrosOf(pid: number): number {
  return readdirSync(`/proc/${String(pid)}/task`).reduce((sum, thread) => {
    const stat = readFileSync(`/proc/${String(pid)}/task/${thread}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * TICK_MICROS
  }, 0)
}
