// What tools can check of our style. Sizes and settings come from measured models; a rule that is
// relaxed says why. Run as `eslint --config .config/eslint.config.js .`
import { defineConfig } from 'eslint/config'
import { builtinRules } from 'eslint/use-at-your-own-risk'
import tseslint from 'typescript-eslint'
import { FOLDERS } from './folder-table.ts'

const TYPESCRIPT = ['**/*.ts']
const PLAIN_JAVASCRIPT = ['**/*.{js,mjs,cjs}']
const TESTS = ['test/**/*.ts']
const MAY_PRINT = ['deploy/**', 'test/bench/**', '.config/**']
const PURE = FOLDERS.filter((folder) => folder.pure).map((folder) => `${folder.path}/**/*.ts`)

// ESLint's own recommended list, read from the rules themselves: the package that holds the list
// would be one more to pin.
const recommended = Object.fromEntries(
  [...builtinRules]
    .filter(([, rule]) => rule.meta?.docs?.recommended === true)
    .map(([name]) => [name, 'error']),
)

const walls = {
  'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': [
    'error',
    { max: 50, skipBlankLines: true, skipComments: true, IIFEs: true },
  ],
  // `modified`: a switch over a closed union counts once, however many cases the law has.
  complexity: ['error', { max: 10, variant: 'modified' }],
  'max-depth': ['error', 3],
  'max-params': ['error', 4],
}

const everywhere = {
  eqeqeq: 'error',
  'no-console': 'error',
  'no-param-reassign': 'error',
  'prefer-const': 'error',
  'object-shorthand': 'error',
  'no-implicit-coercion': 'error',
  'no-promise-executor-return': 'error',
  'no-useless-rename': 'error',
}

const typed = {
  // A `default` does not excuse a missing case.
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { considerDefaultExhaustiveForUnions: false },
  ],
  // `if (fields.length)` and `if (name)` hide the empty case.
  '@typescript-eslint/strict-boolean-expressions': [
    'error',
    { allowString: false, allowNumber: false },
  ],
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/no-import-type-side-effects': 'error',
  '@typescript-eslint/explicit-module-boundary-types': 'error',
  '@typescript-eslint/no-non-null-assertion': 'error',
  '@typescript-eslint/prefer-readonly': 'error',
  '@typescript-eslint/no-unused-vars': [
    'error',
    { argsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_', ignoreRestSiblings: true },
  ],

  // Relaxed: a number in a sentence has one spelling.
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  // Relaxed: `() => list.push(x)` is a callback, not a hidden result.
  '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
  // Relaxed: `while (true)` around a commit loop says what it means.
  '@typescript-eslint/no-unnecessary-condition': [
    'error',
    { allowConstantLoopConditions: 'only-allowed-literals' },
  ],
  // Off: a port answers with a promise. `async` without `await` turns a throw into a rejection,
  // which is what callers of the port were promised.
  '@typescript-eslint/require-await': 'off',
  // Off: `idOf<PurposeCode>(pattern)` names its brand once, which is what a brand is for.
  '@typescript-eslint/no-unnecessary-type-parameters': 'off',
  // Off: only a `type` can be given where JSON with an index signature is asked for; an
  // `interface` reads better for a port. Both are right in their place.
  '@typescript-eslint/consistent-type-definitions': 'off',
}

const NO_CLOCK = 'Time is an argument here: replay depends on it.'
const NO_CHANCE = 'Chance is an argument here: replay depends on it.'
const NO_WORLD = 'The outside world is an argument here: replay depends on it.'
const CHANCE = [
  'randomBytes',
  'randomFill',
  'randomFillSync',
  'randomInt',
  'randomUUID',
  'randomUUIDv7',
  'getRandomValues',
  'generateKeyPairSync',
  'generateKeyPair',
]

const pure = {
  'no-restricted-globals': [
    'error',
    {
      checkGlobalObject: true,
      globals: [
        ...['setTimeout', 'setInterval', 'setImmediate', 'performance'].map((name) => ({
          name,
          message: NO_CLOCK,
        })),
        ...['process', 'fetch', 'console', 'WebSocket', 'EventSource'].map((name) => ({
          name,
          message: NO_WORLD,
        })),
        { name: 'crypto', message: NO_CHANCE },
      ],
    },
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: NO_CLOCK },
    { object: 'Temporal', property: 'Now', message: NO_CLOCK },
    { object: 'Math', property: 'random', message: NO_CHANCE },
    ...CHANCE.map((property) => ({ property, message: NO_CHANCE })),
  ],
  'no-restricted-imports': [
    'error',
    { paths: [{ name: 'node:crypto', importNames: CHANCE, message: NO_CHANCE }] },
  ],
  'no-restricted-syntax': [
    'error',
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: NO_CLOCK },
    { selector: "CallExpression[callee.name='Date']", message: NO_CLOCK },
  ],
}

const inTests = {
  'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
  // A `describe` is a chapter, not a function.
  'max-lines-per-function': 'off',
  // Here a wrong `!` fails the test, which is what a test is for.
  '@typescript-eslint/no-non-null-assertion': 'off',
  // `expect(port.method)` only looks at it.
  '@typescript-eslint/unbound-method': 'off',
}

export default defineConfig(
  { ignores: ['node_modules/', '.gongdao/', 'coverage/', '**/golden/'] },
  {
    linterOptions: {
      reportUnusedDisableDirectives: 'error',
      reportUnusedInlineConfigs: 'error',
    },
  },
  { rules: { ...recommended, ...everywhere, ...walls } },
  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: `${import.meta.dirname}/..` },
    },
    rules: typed,
  },
  {
    files: PLAIN_JAVASCRIPT,
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...['process', 'console', 'URL', 'AbortSignal', 'AbortController'],
          ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { require: 'readonly', module: 'writable' },
    },
  },
  { files: PURE, rules: pure },
  { files: TESTS, rules: inTests },
  { files: MAY_PRINT, rules: { 'no-console': 'off' } },
)
