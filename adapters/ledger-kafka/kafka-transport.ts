/** Apache Kafka as the log server of `gateway/ports/log-transport.ts`, by kafkajs 2.2.4. */
import type { LogTransport } from '../../gateway/ports/log-transport.ts'
import { checkTopics } from './check-topics.ts'
import { KAFKA_TIMES, type KafkaTimes } from './client.ts'
import type { KafkaTransportOptions } from './transport-options.ts'
import { openReader } from './reader.ts'
import { openSender } from './sender.ts'

export function kafkaTransport(
  options: Omit<KafkaTransportOptions, 'times'> & { readonly times?: KafkaTimes },
): LogTransport {
  const whole = { ...options, times: options.times ?? KAFKA_TIMES }
  return {
    partitions: whole.partitions,
    check: () => checkTopics(whole),
    openSender: () => openSender(whole),
    openReader: (lane) => openReader(whole, lane),
  }
}
