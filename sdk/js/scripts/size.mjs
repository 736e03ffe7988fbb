// How large the SDK is in an app: each entry bundled, minified and gzipped. Fails when the core with one
// transport is over its budget.
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const BUDGET_BYTES = 15 * 1024
const src = fileURLToPath(new URL('../src', import.meta.url))

const entries = [
  ['core + browser', 'index.ts', 'createClient', BUDGET_BYTES],
  ['core + node', 'node.ts', 'createClient', BUDGET_BYTES],
  ['core + mini-program', 'miniprogram.ts', 'createClient', BUDGET_BYTES],
  ['media', 'media/index.ts', 'createMedia', Infinity],
  ['calls', 'calls/index.ts', 'createCalls', Infinity],
]

let failed = false
for (const [name, file, made, budget] of entries) {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${made} } from './${file}'`, resolveDir: src, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2020',
    write: false,
  })
  const bytes = gzipSync(outputFiles[0].contents, { level: 9 }).length
  const over = bytes > budget
  failed ||= over
  const limit = budget === Infinity ? '' : ` of ${budget}`
  process.stdout.write(`${name}: ${bytes}${limit} bytes gzipped, ${outputFiles[0].contents.length} minified${over ? ': TOO LARGE' : ''}\n`)
}
if (failed) process.exitCode = 1
