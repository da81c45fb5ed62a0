/** Where Apache Kafka's jars are, once `deploy/set-up.mjs --tests` has brought them. */
export function kafkaJarsFolder(): string
