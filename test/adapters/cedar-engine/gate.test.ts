import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { activate } from '../../../adapters/cedar-engine/activate.ts'
import { LEAST_INPUTS, passGate, shortfall } from '../../../adapters/cedar-engine/gate.ts'
import type { Compiler } from '../../../adapters/cedar-engine/gate.ts'
import { makeJudge } from '../../../adapters/cedar-engine/judge.ts'
import { sampleInputs } from '../../../adapters/cedar-engine/sample-inputs.ts'
import { documentCrypto } from '../../../gateway/registry/agreement-signatures.ts'
import { compileRules } from '../../../policies/closures.ts'
import { readRuleSet } from '../../../policies/rule-set.ts'
import type { RuleSet } from '../../../policies/rule-set.ts'
import { rules } from '../../policies/world.ts'

const quiet = { seed: 20_261_122, inputs: LEAST_INPUTS, onProgress: () => undefined }

function rulesWith(from: string | RegExp, to: string, schema = rules.schema): RuleSet {
  const text = Object.values(rules.policies).join('\n')
  const changed = text.replace(from, to)
  expect(changed).not.toBe(text)
  return readRuleSet(changed, schema, documentCrypto.sha256)
}

async function whyRefused(set: RuleSet, compiler: Compiler = compileRules): Promise<string> {
  const finding = await passGate(set, compiler, quiet)
  return finding.kind === 'refused' ? finding.why : 'passed'
}

describe('the rules of the gateway', () => {
  const cacheDir = mkdtempSync(join(tmpdir(), 'gongdao-gate-'))
  afterAll(() => rmSync(cacheDir, { recursive: true }))
  const steps: number[] = []
  let first: Awaited<ReturnType<typeof activate>>

  beforeAll(async () => {
    first = await activate(rules, { cacheDir, seed: 7, onProgress: (done) => steps.push(done) })
  }, 120_000)

  test('take force: the closures equal cedar-wasm on 20,000 random and damaged inputs', () => {
    expect(first).toMatchObject({
      kind: 'active',
      gate: 'passed',
      engine: { name: '@cedar-policy/cedar-wasm', version: '4.13.0' },
    })
    expect(steps[0]).toBe(0)
    expect(steps.at(-1)).toBe(20_000)
    expect(steps.length).toBeGreaterThan(20)
  })

  test('pass the gate once: the next start finds it written, and asks no engine', async () => {
    const again = await activate(rules, {
      cacheDir,
      seed: 8,
      onProgress: () => expect('a gate').toBe('not run'),
    })
    expect(again).toMatchObject({ kind: 'active', gate: 'passed-before' })
  })

  test('the finding holds the rule set, the engine, and the compiler it is about', () => {
    const [name = ''] = readdirSync(cacheDir)
    expect(name).toMatch(/^gate-[\w-]{43}\.json$/)
    const finding: unknown = JSON.parse(readFileSync(join(cacheDir, name), 'utf8'))
    expect(finding).toEqual({
      compiler: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      engine: { name: '@cedar-policy/cedar-wasm', version: '4.13.0' },
      finding: 'equal',
      inputs: 20_000,
      rules: rules.hash,
      v: 1,
    })
  })

  test('another rule set never takes force on this one’s finding, nor on a damaged one', async () => {
    const broken = rulesWith(
      'context.at >= context.agreement.validTo',
      'context.at >= context.until',
    )
    const [name = ''] = readdirSync(cacheDir)
    const finding = readFileSync(join(cacheDir, name), 'utf8')
    expect(await activate(broken, { cacheDir, seed: 1 })).toMatchObject({ kind: 'refused' })
    // The right name with another's content counts for nothing: it would have to run again.
    writeFileSync(join(cacheDir, name), finding.replace(rules.hash, broken.hash))
    const seen: number[] = []
    const stopped = activate(rules, {
      cacheDir,
      seed: 1,
      onProgress: (done) => {
        seen.push(done)
        throw new Error('it runs')
      },
    })
    await expect(stopped).rejects.toThrow('it runs')
    expect(seen).toEqual([0])
  })
})

describe('a compiler that is not Cedar is refused', () => {
  /** The compiler with one thing wrong, as the answers show it. */
  const MUTANTS: readonly [string, Compiler][] = [
    [
      'it ignores evaluation errors',
      (json) => {
        const evaluate = compileRules(json)
        return (side, input) => ({ ...evaluate(side, input), errors: [] })
      },
    ],
    [
      'it allows where a forbid errs beside a permit',
      (json) => {
        const evaluate = compileRules(json)
        return (side, input) => {
          const answer = evaluate(side, input)
          return answer.errors.length > 0 ? { ...answer, decision: 'allow' } : answer
        }
      },
    ],
    [
      'it tells only the first reason',
      (json) => {
        const evaluate = compileRules(json)
        return (side, input) => {
          const answer = evaluate(side, input)
          return { ...answer, reasons: answer.reasons.slice(0, 1) }
        }
      },
    ],
    ['it forgets a forbid', (json) => compileRules(omit(json, 'F22-field-not-in-the-agreement'))],
    ['it takes containsAll for containsAny', mutated('"containsAll"', '"containsAny"')],
    ['it takes >= for >', mutated('">="', '">"')],
    ['it takes && for ||', mutated('"&&"', '"||"')],
    ['it takes unless for when', mutated('"unless"', '"when"')],
    ['it takes has for true', mutated(/\{"has":\{[^{}]*\{[^{}]*\}[^{}]*\}\}/, '{"Value":true}')],
    ['it takes disclose for collect', mutated('"id":"collect"', '"id":"disclose"')],
  ]

  function mutated(from: string | RegExp, to: string): Compiler {
    return (json) => {
      const text = JSON.stringify(json)
      const changed = text.replaceAll(new RegExp(from, 'g'), to)
      expect(changed).not.toBe(text)
      return compileRules(JSON.parse(changed) as Record<string, unknown>)
    }
  }

  function omit(json: Readonly<Record<string, unknown>>, id: string): Record<string, unknown> {
    return Object.fromEntries(Object.entries(json).filter(([other]) => other !== id))
  }

  test.each(MUTANTS)('%s', async (_what, compiler) => {
    expect(await whyRefused(rules, compiler)).toMatch(/^input \d+ of seed \d+: cedar-wasm says/)
  })
})

describe('rules that Cedar is not content with are refused', () => {
  test.each<[string, RuleSet, RegExp]>([
    [
      'an attribute that no schema has',
      rulesWith('context.purpose)', 'context.purpos)'),
      /^validator: .*purpos/,
    ],
    [
      'an optional attribute without has',
      rulesWith('context has basis &&\n  ', ''),
      /^validator: F15.*basis/s,
    ],
    [
      'a comparison that can never hold',
      rulesWith('principal.kind == "controller" &&', 'principal == resource &&'),
      /^validator: /,
    ],
    ['no Cedar at all', rulesWith('unless { context has agreement };', 'unless {'), /./],
    ['a schema that is none', rulesWith(/^/, '\n', 'entity Member;'), /^validator: /],
    [
      'something the closures do not speak',
      rulesWith('context.brokenForPersons.isEmpty()', 'context.at + 1 > 0'),
      /closures can't evaluate \+/,
    ],
    [
      'an annotation that Cedar reads otherwise',
      rulesWith(
        '@cite("PDPA §15")\npermit',
        '@cite("PDPA §15")\n @obligation("watermark")\npermit',
      ),
      /^P01.*other annotations/,
    ],
  ])(
    '%s',
    async (_what, set, why) => {
      expect(await whyRefused(set)).toMatch(why)
    },
    120_000,
  )

  test('a rule that held on none of the inputs, or a corpus that raised few errors, proves nothing', () => {
    const all = new Set<string>(rules.rules.keys())
    const held = new Set([...all].filter((id) => id !== 'F01-processor-as-controller'))
    expect(shortfall(rules, { held: all, errors: 5000 }, LEAST_INPUTS)).toBeUndefined()
    expect(shortfall(rules, { held, errors: 5000 }, LEAST_INPUTS)).toMatch(/never held.*F01/)
    expect(shortfall(rules, { held: all, errors: 999 }, LEAST_INPUTS)).toMatch(/only 999/)
  })

  test('a gate of fewer inputs does not exist', async () => {
    await expect(passGate(rules, compileRules, { ...quiet, inputs: 19_999 })).rejects.toThrow(
      RangeError,
    )
  })
})

describe('the judge', () => {
  const [sample] = sampleInputs()

  test('denies an input that is not of the schema, and says so', () => {
    const judge = makeJudge(rules)
    const wrong = { ...sample!, context: { ...sample!.context, at: 'now' } }
    expect(judge('collect', wrong)).toEqual({
      decision: 'deny',
      reasons: [],
      errors: ['E02-input-refused'],
    })
  })

  test('shows why errors must close: with an entity gone, Cedar itself allows', () => {
    const judge = makeJudge(rules)
    const gone = sample!.entities.filter(({ uid }) => uid.type !== 'Endpoint')
    const answer = judge('collect', { ...sample!, entities: gone })
    expect(answer.decision).toBe('allow')
    expect(answer.errors).toContain('F23-field-not-registered')
  })

  test('two rule sets in one process don’t answer for each other', () => {
    const strict = rulesWith('principal.kind == "controller" &&', 'principal.kind == "none" &&')
    const [one, other] = [makeJudge(rules), makeJudge(strict)]
    expect(one('collect', sample!).decision).toBe('allow')
    expect(other('collect', sample!).decision).toBe('deny')
    expect(one('collect', sample!).decision).toBe('allow')
  })
})
