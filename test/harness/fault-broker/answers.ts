/** What the broker answers to each kind of request, in the one version of each that it speaks. */
import type { Api } from './faults.ts'
import { Writer, type Reader } from './bytes.ts'
import type { Partition } from './partition.ts'
import { readRecordBatch } from './record-batch.ts'

/** Key, lowest and highest version. All are plain (not flexible) versions, which kafkajs 2.2.4 still speaks. */
export const VERSIONS: Readonly<Record<Api, readonly [key: number, version: number]>> = {
  Produce: [0, 7],
  Fetch: [1, 5],
  ListOffsets: [2, 1],
  Metadata: [3, 1],
  OffsetCommit: [8, 0],
  OffsetFetch: [9, 1],
  FindCoordinator: [10, 0],
  JoinGroup: [11, 0],
  Heartbeat: [12, 0],
  LeaveGroup: [13, 0],
  SyncGroup: [14, 0],
  ApiVersions: [18, 2],
  InitProducerId: [22, 0],
  DescribeConfigs: [32, 0],
}

export interface Topic {
  readonly settings: Readonly<Record<string, string>>
  readonly partitions: readonly Partition[]
}

/** The state that answers come from. One node, which is leader, controller and coordinator of everything. */
export interface Broker {
  readonly port: () => number
  readonly topics: Map<string, Topic>
  readonly newProducerId: () => number
  /** Resolves when something was stored, or after `ms`. */
  readonly news: (ms: number) => Promise<void>
}

/** How a Produce request is to be treated where a fault says so. */
export type Treatment = { readonly refuse: number } | 'lie' | undefined

type Answer = (broker: Broker, request: Reader, treatment: Treatment) => Writer | Promise<Writer>

const NODE = 1
const UNKNOWN_TOPIC = 3
const OFFSET_OUT_OF_RANGE = 1
const EARLIEST = -2
const GENERATION = 1

export const ANSWERS: Readonly<Record<Api, Answer>> = {
  Produce: produce,
  Fetch: fetch,
  ListOffsets: (broker, request) => {
    request.int32()
    return eachPartition(request, new Writer(), (partition, reader, writer) => {
      const found = at(broker, partition)
      const offset = reader.int64() === EARLIEST ? found?.low : found?.high
      writer.int16(found === undefined ? UNKNOWN_TOPIC : 0)
      writer.int64(-1).int64(offset ?? -1)
    })
  },
  Metadata: metadata,
  OffsetCommit: (_broker, request) => {
    request.text()
    return eachPartition(request, new Writer(), (_partition, reader, writer) => {
      reader.int64()
      reader.text()
      writer.int16(0)
    })
  },
  OffsetFetch: (_broker, request) => {
    request.text()
    return eachPartition(request, new Writer(), (_partition, _reader, writer) => {
      writer.int64(-1).string('').int16(0)
    })
  },
  FindCoordinator: (broker) =>
    new Writer().int16(0).int32(NODE).string('127.0.0.1').int32(broker.port()),
  // Each group has one member, which gives itself what it likes.
  JoinGroup: (_broker, request) => {
    request.text()
    request.int32()
    request.text()
    request.text()
    const [protocol] = request.list((one) => ({ name: one.text(), metadata: one.bytes() }))
    const member = 'member-1'
    const writer = new Writer()
      .int16(0)
      .int32(GENERATION)
      .string(protocol?.name ?? '')
    return writer
      .string(member)
      .string(member)
      .list([protocol?.metadata ?? Buffer.alloc(0)], (to, bytes) => to.string(member).bytes(bytes))
  },
  Heartbeat: () => new Writer().int16(0),
  LeaveGroup: () => new Writer().int16(0),
  SyncGroup: (_broker, request) => {
    request.text()
    request.int32()
    request.text()
    const [own] = request.list((one) => ({ member: one.text(), share: one.bytes() }))
    return new Writer().int16(0).bytes(own?.share ?? Buffer.alloc(0))
  },
  ApiVersions: () =>
    new Writer()
      .int16(0)
      .list(Object.values(VERSIONS), (to, [key, version]) => {
        to.int16(key)
          .int16(key === VERSIONS.ApiVersions[0] ? 0 : version)
          .int16(version)
      })
      .int32(0),
  InitProducerId: (broker) => new Writer().int32(0).int16(0).int64(broker.newProducerId()).int16(0),
  DescribeConfigs: describeConfigs,
}

function produce(broker: Broker, request: Reader, treatment: Treatment): Writer {
  request.string()
  request.int16()
  request.int32()
  const writer = eachPartition(request, new Writer(), (partition, reader, to) => {
    const found = at(broker, partition)
    const bytes = reader.bytes() ?? Buffer.alloc(0)
    const { code, offset } = store(found, bytes, treatment)
    to.int16(code)
      .int64(offset)
      .int64(-1)
      .int64(found?.low ?? -1)
  })
  return writer.int32(0)
}

function store(
  partition: Partition | undefined,
  bytes: Buffer,
  treatment: Treatment,
): { readonly code: number; readonly offset: number } {
  if (partition === undefined) return { code: UNKNOWN_TOPIC, offset: -1 }
  if (treatment === 'lie') return { code: 0, offset: partition.high }
  if (treatment !== undefined) return { code: treatment.refuse, offset: -1 }
  const appended = partition.append(readRecordBatch(bytes))
  if (appended.kind === 'refused') return { code: appended.code, offset: -1 }
  return { code: 0, offset: appended.offset }
}

async function fetch(broker: Broker, request: Reader): Promise<Writer> {
  request.int32()
  const wait = request.int32()
  const minimum = request.int32()
  request.int32()
  request.int8()
  const wanted = request.list((one) => ({
    topic: one.text(),
    partitions: one.list((part) => {
      const id = part.int32()
      const offset = part.int64()
      part.int64()
      part.int32()
      return { id, offset }
    }),
  }))
  const bytesOf = (topic: string, part: { id: number; offset: number }): Buffer | undefined =>
    at(broker, { topic, id: part.id })?.read(part.offset)
  const isThere = (): boolean =>
    wanted.some(({ topic, partitions }) =>
      partitions.some((part) => (bytesOf(topic, part)?.length ?? minimum) >= minimum),
    )
  const end = performance.now() + wait
  while (!isThere() && performance.now() < end) await broker.news(end - performance.now())
  return new Writer().int32(0).list(wanted, (writer, { topic, partitions }) => {
    writer.string(topic).list(partitions, (to, part) => {
      const partition = at(broker, { topic, id: part.id })
      const bytes = bytesOf(topic, part)
      const code = bytes === undefined ? OFFSET_OUT_OF_RANGE : 0
      to.int32(part.id).int16(partition === undefined ? UNKNOWN_TOPIC : code)
      to.int64(partition?.high ?? -1)
        .int64(partition?.high ?? -1)
        .int64(partition?.low ?? -1)
      to.int32(0).bytes(bytes ?? Buffer.alloc(0))
    })
  })
}

function metadata(broker: Broker, request: Reader): Writer {
  const named = request.list((one) => one.text())
  const names = named.length === 0 ? [...broker.topics.keys()] : named
  const writer = new Writer().list([NODE], (to, node) => {
    to.int32(node).string('127.0.0.1').int32(broker.port()).string(undefined)
  })
  return writer.int32(NODE).list(names, (to, name) => {
    const topic = broker.topics.get(name)
    to.int16(topic === undefined ? UNKNOWN_TOPIC : 0)
      .string(name)
      .int8(0)
      .list([...(topic?.partitions.keys() ?? [])], (part, id) => {
        const nodes = (list: Writer): Writer =>
          list.list([NODE], (node, number) => node.int32(number))
        nodes(nodes(part.int16(0).int32(id).int32(NODE)))
      })
  })
}

function describeConfigs(broker: Broker, request: Reader): Writer {
  const wanted = request.list((one) => {
    const type = one.int8()
    const name = one.text()
    one.list((setting) => setting.text())
    return { type, name }
  })
  return new Writer().int32(0).list(wanted, (writer, { type, name }) => {
    const settings = broker.topics.get(name)?.settings
    writer.int16(settings === undefined ? UNKNOWN_TOPIC : 0).string(undefined)
    writer.int8(type).string(name)
    writer.list(Object.entries(settings ?? {}), (to, [setting, value]) => {
      to.string(setting).string(value).int8(0).int8(0).int8(0)
    })
  })
}

interface PartitionName {
  readonly topic: string
  readonly id: number
}

function at(broker: Broker, { topic, id }: PartitionName): Partition | undefined {
  return broker.topics.get(topic)?.partitions[id]
}

/** The shape of most requests and their answers: topics with partitions in them, and the same back. */
function eachPartition(
  request: Reader,
  writer: Writer,
  one: (partition: PartitionName, reader: Reader, writer: Writer) => void,
): Writer {
  const topics = request.int32()
  writer.int32(topics)
  for (let topicIndex = 0; topicIndex < topics; topicIndex += 1) {
    const topic = request.text()
    const partitions = request.int32()
    writer.string(topic).int32(partitions)
    for (let index = 0; index < partitions; index += 1) {
      const id = request.int32()
      writer.int32(id)
      one({ topic, id }, request, writer)
    }
  }
  return writer
}
