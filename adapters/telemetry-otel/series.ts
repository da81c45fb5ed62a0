/**
 * Counters and histograms, kept by hand: the SDK's instruments sort and spell the attributes of every single measurement, which
 * costs more than all else that is told of an exchange. What is kept here is handed to the SDK's readers as they ask.
 */
import { ValueType, type Attributes, type HrTime } from '@opentelemetry/api'
import {
  AggregationTemporality,
  DataPointType,
  type DataPoint,
  type GaugeMetricData,
  type MetricData,
} from '@opentelemetry/sdk-metrics'

export interface Description {
  readonly name: string
  /** UCUM. */
  readonly unit: string
  readonly description: string
}

/** Series of one metric at most; what comes on top is counted together (OpenTelemetry, "Cardinality limits"). */
export const MOST_SERIES = 2_000
const OVERFLOW: Attributes = { 'otel.metric.overflow': true }

abstract class Series<Point> {
  readonly #points = new Map<string, { readonly attributes: Attributes; readonly point: Point }>()
  readonly #make: () => Point
  #overflow: Point | undefined
  readonly description: Description

  constructor(description: Description, make: () => Point) {
    this.description = description
    this.#make = make
  }

  /** `key` tells the attributes apart; they are made once for each. */
  protected at(key: string, attributes: () => Attributes): Point {
    const known = this.#points.get(key)
    if (known !== undefined) return known.point
    if (this.#points.size >= MOST_SERIES) return (this.#overflow ??= this.#make())
    const point = this.#make()
    this.#points.set(key, { attributes: attributes(), point })
    return point
  }

  protected points<T>(from: HrTime, to: HrTime, valueOf: (point: Point) => T): DataPoint<T>[] {
    const all = [...this.#points.values()]
    if (this.#overflow !== undefined) all.push({ attributes: OVERFLOW, point: this.#overflow })
    return all.map(({ attributes, point }) => ({
      startTime: from,
      endTime: to,
      attributes,
      value: valueOf(point),
    }))
  }

  abstract collect(from: HrTime, to: HrTime): MetricData
}

export class Counters extends Series<{ sum: number }> {
  readonly #rises: boolean

  /** `rises: false`: it may go down as well (connections). */
  constructor(description: Description, rises = true) {
    super(description, () => ({ sum: 0 }))
    this.#rises = rises
  }

  add(value: number, key = '', attributes: () => Attributes = none): void {
    this.at(key, attributes).sum += value
  }

  collect(from: HrTime, to: HrTime): MetricData {
    return {
      ...common(this.description),
      dataPointType: DataPointType.SUM,
      isMonotonic: this.#rises,
      dataPoints: this.points(from, to, ({ sum }) => sum),
    }
  }
}

class Buckets {
  readonly counts: number[]
  sum = 0
  count = 0

  constructor(buckets: number) {
    this.counts = new Array<number>(buckets).fill(0)
  }
}

export class Histograms extends Series<Buckets> {
  readonly #bounds: readonly number[]

  /** `bounds`: upper ends, each belonging to its bucket; above the last there is one more. */
  constructor(description: Description, bounds: readonly number[]) {
    super(description, () => new Buckets(bounds.length + 1))
    this.#bounds = bounds
  }

  record(value: number, key = '', attributes: () => Attributes = none): void {
    const buckets = this.at(key, attributes)
    let at = 0
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? 0)) at += 1
    buckets.counts[at] = (buckets.counts[at] ?? 0) + 1
    buckets.sum += value
    buckets.count += 1
  }

  collect(from: HrTime, to: HrTime): MetricData {
    return {
      ...common(this.description),
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: this.points(from, to, ({ count, counts, sum }) => ({
        buckets: { boundaries: [...this.#bounds], counts: [...counts] },
        sum,
        count,
      })),
    }
  }
}

export interface Reading {
  readonly value: number
  readonly attributes?: Attributes
}

/** Looked up when somebody asks. */
export function gaugeData(
  description: Description,
  readings: readonly Reading[],
  to: HrTime,
): MetricData {
  return {
    ...common(description),
    dataPointType: DataPointType.GAUGE,
    dataPoints: readings.map(({ attributes = {}, value }) => ({
      startTime: to,
      endTime: to,
      attributes,
      value,
    })),
  }
}

/** A number that only rises, kept elsewhere. */
export function totalData(
  description: Description,
  readings: readonly Reading[],
  to: HrTime,
): MetricData {
  const { dataPoints, ...rest } = gaugeData(description, readings, to) as GaugeMetricData
  return { ...rest, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
}

function common({
  description,
  name,
  unit,
}: Description): Pick<MetricData, 'descriptor' | 'aggregationTemporality'> {
  return {
    descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  }
}

function none(): Attributes {
  return {}
}
