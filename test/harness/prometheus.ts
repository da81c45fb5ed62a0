/** Prometheus text as a library reads it: samples by name and labels. */
import parse from 'parse-prometheus-text-format'

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family {
  readonly name: string
  readonly metrics: readonly {
    readonly labels?: Readonly<Record<string, string>>
    readonly value: string
  }[]
}

/** Every sample, as Prometheus stores it: a histogram's buckets, sum and count under names of their own. */
export function samplesIn(text: string): Sample[] {
  // What it takes for a histogram it strips of its labels; without the types every line is a sample.
  const untyped = text.replaceAll(/^# TYPE .*\n/gm, '')
  return (parse(untyped) as readonly Family[]).flatMap(({ metrics, name }) =>
    metrics.map(({ labels = {}, value }) => ({ name, labels, value: numberIn(value) })),
  )
}

function numberIn(text: string): number {
  const value = Number(text.replace('Inf', 'Infinity'))
  if (Number.isNaN(value)) throw new Error(`not a number: ${text}`)
  return value
}

/** The sum of all samples of a name whose labels have these values. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return samples
    .filter((sample) => sample.name === name && fits(sample, labels))
    .reduce((sum, { value }) => sum + value, 0)
}

function fits(sample: Sample, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
}
