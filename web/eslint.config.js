// Lint rules of the page: type-aware where it finds real faults, sizes as house rules.
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import ts from 'typescript-eslint'

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'test-results/'] },
  ...ts.configs.strict,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: {
      'max-lines': ['error', 300],
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      'vue/no-static-inline-styles': 'error',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': ['error', { html: { void: 'always' } }],
    },
  },
  { files: ['**/*.ts'], rules: { 'max-lines': ['error', 400] } },
  { files: ['src/**'], languageOptions: { globals: globals.browser } },
  { files: ['mock/**', 'e2e/**', 'scripts/**', '*.js', '*.config.ts'], languageOptions: { globals: globals.node } },
  { files: ['perf/**'], languageOptions: { globals: { ...globals.node, ...globals.browser } } },
  { files: ['public/sw.js'], languageOptions: { globals: globals.serviceworker } },
  // Components that a test makes up on the spot.
  { files: ['test/**'], rules: { 'vue/one-component-per-file': 'off', 'vue/require-prop-types': 'off' } },
  {
    rules: {
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
)
