/**
 * Two things that one log signed and that can't both be true: the text of the file that a witness keeps of them for ever. It
 * convicts by itself, with the log's public key and nothing else.
 */
import type { Instant } from '../../policies/vocabulary.ts'

export type ContradictionKind =
  /** One size, two roots. */
  | 'fork'
  /** A later checkpoint without a proof that it continues the earlier one. A suspicion: the operator must show such a proof. */
  | 'unproven'
  /** One index, two leaves, each proven to be there. */
  | 'two-leaves'
  /** A chain opened twice, or a predecessor with two successors. */
  | 'two-successors'
  /** Closed with fewer leaves than were signed, or with other ones. */
  | 'cut-short'

export interface Contradiction {
  readonly kind: ContradictionKind
  readonly chain: string
  /** Size of the checkpoints, or index of the leaf. */
  readonly at: number
  /** What was remembered, and what was shown: signed notes or tlog-proofs. */
  readonly first: string
  readonly second: string
  /**
   * The two roots, leaves or chains that can't both be: the same pair is kept once, in however many notes and proofs it is shown.
   */
  readonly between: readonly [string, string]
}

const OF_LEAVES: ReadonlySet<ContradictionKind> = new Set(['two-leaves', 'two-successors'])

export function contradictionSentence({
  at,
  chain,
  kind,
}: Pick<Contradiction, 'at' | 'chain' | 'kind'>): string {
  switch (kind) {
    case 'fork':
      return `${chain} was forked: its key signed two different trees of ${at} leaves.`
    case 'unproven':
      return `A checkpoint of ${chain} with ${at} leaves was shown without a proof that it still begins with what was cosigned before. Anybody can have left that out; its operator must show it.`
    case 'two-leaves':
      return `${chain} was rewritten: its key signed two different leaves ${at}.`
    case 'two-successors':
      return `Leaf ${at} of the registry opens ${chain} beside another chain that stands in its place.`
    case 'cut-short':
      return `${chain} was closed in the registry as a tree of other leaves, or of fewer, than the ${at} that its key signed.`
  }
}

export function contradictionText(
  contradiction: Contradiction,
  found: { readonly at: Instant; readonly by: string },
): string {
  const { at, chain, first, kind, second } = contradiction
  const place = OF_LEAVES.has(kind) ? 'index' : 'size'
  return [
    'gongdao/contradiction@v1',
    `kind ${kind}`,
    `chain ${chain}`,
    `${place} ${at}`,
    `found ${new Date(found.at).toISOString()} by ${found.by}`,
    '',
    contradictionSentence(contradiction),
    '',
    '----- remembered -----',
    first.trimEnd(),
    '----- shown -----',
    second.trimEnd(),
    '',
  ].join('\n')
}
