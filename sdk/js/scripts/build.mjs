// Builds dist/esm, dist/cjs (file by file, so that entries share their modules) and miniprogram_dist (bundles,
// because the tools of mini-programs copy a folder and resolve little).
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

const sources = (await readdir('src', { recursive: true }))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .map((name) => `src/${name}`)

await rm('dist', { recursive: true, force: true })
await rm('miniprogram_dist', { recursive: true, force: true })

const plain = { entryPoints: sources, outbase: 'src', target: 'es2020', logLevel: 'warning' }
await build({ ...plain, outdir: 'dist/esm', format: 'esm' })
await build({ ...plain, outdir: 'dist/cjs', format: 'cjs', platform: 'neutral' })

execFileSync('node', ['node_modules/typescript/bin/tsc'], { stdio: 'inherit' })
await cp('dist/esm', 'dist/cjs', { recursive: true, filter: (path) => !path.endsWith('.js') })
// Below this folder `.js` and `.d.ts` are CommonJS, whatever the package says.
await writeFile('dist/cjs/package.json', '{ "type": "commonjs" }\n')

await mkdir('miniprogram_dist', { recursive: true })
const bundle = { bundle: true, minify: true, format: 'cjs', target: 'es2018', logLevel: 'warning' }
await build({ ...bundle, entryPoints: ['src/miniprogram.ts'], outfile: 'miniprogram_dist/index.js' })
await build({
  ...bundle,
  entryPoints: ['src/media/index.ts'],
  outfile: 'miniprogram_dist/media.js',
  // There is one class of errors; media throws the one that the app knows.
  plugins: [
    {
      name: 'one-core',
      setup: ({ onResolve }) =>
        onResolve({ filter: /core\/errors\.js$/ }, () => ({ path: './index', external: true })),
    },
  ],
})
await writeFile('miniprogram_dist/package.json', '{ "type": "commonjs" }\n')
