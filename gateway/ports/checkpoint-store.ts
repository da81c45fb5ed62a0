/** A checkpoint as it was published: the log's signed note, with the cosignatures that it had gathered by then. */
export interface PublishedCheckpoint {
  readonly origin: string
  readonly size: number
  /** C2SP signed note: the log's signature line first, then the witnesses'. */
  readonly note: string
}

/**
 * Every checkpoint that a process has published, of all its chains, in the order of publication. Nothing is ever taken
 * out or changed. One size of a chain may come again, with further or fresher cosignatures.
 */
export interface CheckpointStore {
  /** How many there are: the position that the next one gets. */
  readonly length: number
  /**
   * MUST resolve only when the checkpoint survives a power cut, with its position. Positions follow the order of the calls. A
   * rejection means that the outcome is unknown; the store refuses from then on.
   */
  publish(checkpoint: PublishedCheckpoint): Promise<number>
  /** From a position on, in order; what is published while it is read may be left out. */
  read(from: number): Iterable<PublishedCheckpoint>
  close(): Promise<void>
}
