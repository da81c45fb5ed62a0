import { describe, expect, test } from '@jest/globals'
import { parseWitnessPolicy, witnessPolicyText } from '../../gateway/ledger/witness-policy.ts'
import { cosignerOf, cosignerVkey } from '../../gateway/witness/cosignature.ts'
import { TestLog } from '../harness/test-log.ts'

const vkeys = ['x1', 'x2', 'x3', 'y1', 'y2'].map((name, at) =>
  cosignerVkey(cosignerOf(name, Buffer.alloc(32, at + 1))),
)
const underAnotherName = cosignerVkey(cosignerOf('other', Buffer.alloc(32, 1)))
const sameName = cosignerVkey(cosignerOf('x1', Buffer.alloc(32, 9)))
const [x1, x2, x3, y1, y2] = vkeys

describe('a witness policy (C2SP tlog-policy)', () => {
  test('is met by k of n, never by fewer', () => {
    const policy = parseWitnessPolicy(witnessPolicyText(vkeys.slice(0, 3), 2))
    expect(policy.witnesses.map(({ name }) => name)).toEqual(['x1', 'x2', 'x3'])
    expect(policy.isMet(['x1', 'x3'])).toBe(true)
    for (const few of [[], ['x2'], ['y1', 'y2'], ['x1', 'y1']])
      expect(policy.isMet(few)).toBe(false)
  })

  test('may ask for groups of groups, as in the specification', () => {
    const policy = parseWitnessPolicy(`
      # two of the first, and any of the second
      log ${new TestLog('T/registry').vkey}
      witness X1 ${x1!}
      witness X2 ${x2!} https://x2.example/
      witness X3 ${x3!}
      group X 2 X1 X2 X3
      witness Y1 ${y1!}
      witness Y2 ${y2!}
      group Y any Y1 Y2
      group both all X Y
      quorum both
    `)
    expect(policy.isMet(['x1', 'x2', 'y2'])).toBe(true)
    expect(policy.isMet(['x1', 'x2', 'x3'])).toBe(false)
    expect(policy.isMet(['x1', 'y1', 'y2'])).toBe(false)
    expect(parseWitnessPolicy('quorum none').isMet([])).toBe(true)
  })

  test.each([
    ['no quorum', `witness a ${x1!}`],
    ['two quorums', 'quorum none\nquorum none'],
    ['a quorum of nobody', 'quorum nobody'],
    ['one key twice', `witness a ${x1!}\nwitness b ${x1!}\nquorum a`],
    ['one key under two names', `witness a ${x1!}\nwitness b ${underAnotherName}\nquorum a`],
    ['two keys under one name', `witness a ${x1!}\nwitness b ${sameName}\nquorum a`],
    ['a name twice', `witness a ${x1!}\nwitness a ${x2!}\nquorum a`],
    ['a member twice', `witness a ${x1!}\ngroup g any a\ngroup h any a\nquorum g`],
    ['a member that comes later', `group g any a\nwitness a ${x1!}\nquorum g`],
    ['more than there are', `witness a ${x1!}\ngroup g 2 a\nquorum g`],
    ['none of them', `witness a ${x1!}\ngroup g 0 a\nquorum g`],
    ['a log’s key for a witness', `witness a ${new TestLog('T/registry').vkey}\nquorum a`],
    ['an unknown line', 'trust everybody\nquorum none'],
  ])('is refused with its line: %s', (_what, text) => {
    expect(() => parseWitnessPolicy(text)).toThrow(RangeError)
  })
})
