import { describe, expect, it } from 'vitest'

import readme from '../README.md?raw'

const sources = import.meta.glob<string>('../src/**/*.vue', { query: '?raw', import: 'default', eager: true })

/** The marks that components give, those with a value in them as far as the value: `menu-<`. */
function marks(): Set<string> {
  const found = new Set<string>()
  for (const source of Object.values(sources)) {
    for (const [, fixed = ''] of source.matchAll(/ (?:data-)?testid="([a-z][a-z-]+)"/g)) found.add(`\`${fixed}\``)
    for (const [, start = ''] of source.matchAll(/:data-testid="`([a-z-]+)\$\{/g)) found.add(`\`${start}<`)
    for (const [, choice = ''] of source.matchAll(/:data-testid="([^"`]*\?[^"`]*)"/g)) {
      for (const [, one = ''] of choice.matchAll(/'([a-z-]+)'/g)) found.add(`\`${one}\``)
    }
  }
  return found
}

describe('the marks for browser tests', () => {
  it('are all told of in the README', () => {
    const all = [...marks()]
    expect(all.length).toBeGreaterThan(100)
    expect(all.filter((mark) => !readme.includes(mark))).toEqual([])
  })
})
