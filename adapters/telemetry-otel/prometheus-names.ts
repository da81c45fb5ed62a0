/**
 * Names as a collector makes them for Prometheus (OpenTelemetry, "Prometheus and OpenMetrics Compatibility", unit suffixes), so that
 * one dashboard fits both ways. The library's serializer leaves the unit out.
 */
import { DataPointType, type MetricData } from '@opentelemetry/sdk-metrics'

const SUFFIXES: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' }

export function prometheusNames(metric: MetricData): MetricData {
  const { name, unit } = metric.descriptor
  const isRatio = unit === '1' && metric.dataPointType === DataPointType.GAUGE
  const suffix = isRatio ? 'ratio' : SUFFIXES[unit]
  if (suffix === undefined || name.endsWith(suffix)) return metric
  return { ...metric, descriptor: { ...metric.descriptor, name: `${name}.${suffix}` } }
}
