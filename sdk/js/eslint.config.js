// Lint rules of the SDK: sizes as house rules, and the border between the core and the platforms.
import globals from 'globals'
import ts from 'typescript-eslint'

const platform = [
  ...['window', 'document', 'navigator', 'location', 'WebSocket', 'XMLHttpRequest', 'fetch', 'URL', 'TextEncoder'],
  ...['crypto', 'performance', 'localStorage', 'indexedDB', 'process', 'Buffer', 'require', 'wx', 'uni', 'Taro'],
  ...['globalThis', 'self', 'global'],
]

export default ts.config(
  { ignores: ['dist/', 'miniprogram_dist/', 'docs/', 'node_modules/'] },
  ...ts.configs.strict,
  {
    files: ['**/*.ts'],
    rules: {
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 70, skipComments: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  // Written by cargo xtask codegen.
  { files: ['src/*.gen.ts'], rules: { 'max-lines': 'off' } },
  { files: ['src/**'], ignores: ['src/transport/*.ts'], rules: { 'no-restricted-globals': ['error', ...platform] } },
  { files: ['test/**'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['scripts/**', 'test/**', '*.js', '*.config.ts'], languageOptions: { globals: globals.node } },
  { rules: { 'no-console': 'error', eqeqeq: 'error' } },
)
