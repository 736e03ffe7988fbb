// What the first load of the built page costs: every script and style that index.html names, and what those
// import at once, gzipped. Fails above the budget. `npm run build` first.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const BUDGET_KIB = 150
const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const files = new Set()

function take(path) {
  if (files.has(path)) return
  files.add(path)
  if (!path.endsWith('.js')) return
  // Static imports only: `import("...")` is loaded later.
  const code = readFileSync(join(dist, path), 'utf8')
  for (const match of code.matchAll(/(?:^|[;}\s])(?:import|export)\s*(?:[\w*{}\s,$]+from\s*)?["'](\.[^"']+)["']/g)) {
    take(join(dirname(path), match[1]))
  }
}

const page = readFileSync(join(dist, 'index.html'), 'utf8')
for (const match of page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css))"/g)) take(match[1])

let total = 0
for (const file of files) {
  const size = gzipSync(readFileSync(join(dist, file)), { level: 9 }).length
  total += size
  process.stdout.write(`${(size / 1024).toFixed(1).padStart(7)} KiB  ${file}\n`)
}
process.stdout.write(`${(total / 1024).toFixed(1).padStart(7)} KiB  first load, gzipped (budget ${BUDGET_KIB} KiB)\n`)
if (files.size === 0 || total > BUDGET_KIB * 1024) process.exit(1)
