/** Where Apache Kafka's jars are, once `deploy/set-up.mjs --tests` has brought them. */
export function kafkaJarsFolder(): string

/** Their classes as Java has them in memory: a broker starts with half the work. */
export function kafkaClassArchive(): string
