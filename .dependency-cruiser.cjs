// Which folder may import what is said once, in .config/folder-table.ts. Here is only how to look.
const { FOLDERS, boundaryRules } = require('./.config/folder-table.ts')

module.exports = {
  forbidden: boundaryRules(FOLDERS),
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(\\.gongdao|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      // Without 'import' and 'types', packages that ship only ES modules do not resolve.
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.d.ts', '.json'],
    },
  },
}
