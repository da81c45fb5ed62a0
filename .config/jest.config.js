// Tests run as the product runs: ES modules, types stripped and nothing else rewritten.
export default {
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'esnext',
          parser: { syntax: 'typescript' },
          transform: { verbatimModuleSyntax: true },
        },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/.gongdao/', '<rootDir>/coverage/'],
  cacheDirectory: '<rootDir>/node_modules/.cache/gongdao/jest',
  collectCoverageFrom: ['{policies,certs,gateway,adapters,deploy}/**/*.ts'],
  coverageProvider: 'v8',
  globalSetup: '<rootDir>/.config/begin-test-run.js',
  globalTeardown: '<rootDir>/.config/end-test-run.js',
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
  testTimeout: 30_000,
  errorOnDeprecated: true,
  reporters: ['default', '<rootDir>/.config/plain-closing-line.js'],
}
