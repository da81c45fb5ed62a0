/**
 * CRC-32C (Castagnoli; RFC 3720 §12.1 and appendix B.4), which Kafka has over every batch: eight bytes a step, where the one of kafkajs
 * goes byte by byte and took as long as all else that it does to a batch. Node has CRC-32 only, of another polynomial.
 */
const POLYNOMIAL = 0x82f63b78
const STEP = 8

/** Row `n`, entry `b`: the checksum of byte `b` with `n` zeros behind it. One array: its rows stand one after the other. */
const TABLE = makeTable()

export function crc32c(bytes: Uint8Array): number {
  const table = TABLE
  const steps = bytes.length - (bytes.length % STEP)
  let crc = -1
  let at = 0
  for (; at < steps; at += STEP) {
    const low = crc ^ wordAt(bytes, at)
    const high = wordAt(bytes, at + 4)
    crc =
      entry(table, 0x700 | (low & 0xff)) ^
      entry(table, 0x600 | ((low >>> 8) & 0xff)) ^
      entry(table, 0x500 | ((low >>> 16) & 0xff)) ^
      entry(table, 0x400 | (low >>> 24)) ^
      entry(table, 0x300 | (high & 0xff)) ^
      entry(table, 0x200 | ((high >>> 8) & 0xff)) ^
      entry(table, 0x100 | ((high >>> 16) & 0xff)) ^
      entry(table, high >>> 24)
  }
  for (; at < bytes.length; at += 1) {
    crc = entry(table, (crc ^ (bytes[at] ?? 0)) & 0xff) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

/** Little-endian. */
function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}

function entry(table: Int32Array, at: number): number {
  return table[at] ?? 0
}

function makeTable(): Int32Array {
  const table = new Int32Array(STEP * 256)
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc % 2 === 0 ? 0 : POLYNOMIAL)
    table[byte] = crc
  }
  for (let at = 256; at < table.length; at += 1) {
    const before = entry(table, at - 256)
    table[at] = entry(table, before & 0xff) ^ (before >>> 8)
  }
  return table
}
