/**
 * What the process itself tells, by OpenTelemetry's semantic conventions: event loop, memory, processor time. For one reader: two that
 * shared it would hide stalls from each other.
 */
import type { HrTime } from '@opentelemetry/api'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { gaugeData, totalData } from './series.ts'

export interface ProcessGauges {
  collect(to: HrTime): MetricData[]
  stop(): void
}

const RESOLUTION_MS = 20
const DELAYS = ['min', 'max', 'mean', 'p50', 'p90', 'p99'] as const

export function processGauges(): ProcessGauges {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let before = performance.eventLoopUtilization()
  return {
    collect(to) {
      const seconds = delaysOf(delay)
      const utilization = performance.eventLoopUtilization(before).utilization
      before = performance.eventLoopUtilization()
      // Each answer is about the time since the last.
      delay.reset()
      return [
        ...DELAYS.map((name) =>
          gaugeData(
            {
              name: `nodejs.eventloop.delay.${name}`,
              unit: 's',
              description: `Event loop ${name} delay since it was last asked for`,
            },
            [{ value: seconds[name] }],
            to,
          ),
        ),
        gaugeData(
          {
            name: 'nodejs.eventloop.utilization',
            unit: '1',
            description: 'Event loop utilization',
          },
          [{ value: utilization }],
          to,
        ),
        ...memoryAndTime(to),
      ]
    },
    stop() {
      delay.disable()
    },
  }
}

type Delay = ReturnType<typeof monitorEventLoopDelay>

/** The timer that measures is itself late by its resolution: what is on top of it is the delay. Without a sample all are 0. */
function delaysOf(delay: Delay): Record<(typeof DELAYS)[number], number> {
  const late = (nanoseconds: number): number =>
    delay.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000)
  return {
    min: late(delay.min),
    max: late(delay.max),
    mean: late(delay.mean),
    p50: late(delay.percentile(50)),
    p90: late(delay.percentile(90)),
    p99: late(delay.percentile(99)),
  }
}

function memoryAndTime(to: HrTime): MetricData[] {
  const { user, system } = process.cpuUsage()
  return [
    gaugeData(
      { name: 'process.memory.usage', unit: 'By', description: 'Physical memory in use' },
      [{ value: process.memoryUsage.rss() }],
      to,
    ),
    gaugeData(
      { name: 'process.uptime', unit: 's', description: 'Time since the process started' },
      [{ value: process.uptime() }],
      to,
    ),
    totalData(
      { name: 'process.cpu.time', unit: 's', description: 'Processor time by mode' },
      [
        { value: user / 1e6, attributes: { 'cpu.mode': 'user' } },
        { value: system / 1e6, attributes: { 'cpu.mode': 'system' } },
      ],
      to,
    ),
  ]
}
