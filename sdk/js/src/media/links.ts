// Addresses of files, asked for together and kept until shortly before they expire.

import type { Http } from './http.js'
import type { MediaLink } from './types.js'

const PER_REQUEST_MAX = 100
/** A link that ends this soon is asked for anew: the picture behind it may still have to load. */
const SPARE_MS = 60_000

export class Links {
  private readonly known = new Map<string, MediaLink>()
  private asking: { ids: Set<string>; done: Promise<void> } | null = null

  constructor(
    private readonly http: Http,
    private readonly nowMs: () => number,
  ) {}

  async get(ids: readonly string[]): Promise<Map<string, MediaLink>> {
    const missing = ids.filter((id) => !this.fresh(id))
    if (missing.length > 0) await this.ask(missing)
    const found = new Map<string, MediaLink>()
    for (const id of ids) {
      const link = this.known.get(id)
      if (link) found.set(id, link)
    }
    return found
  }

  private fresh(id: string): boolean {
    const link = this.known.get(id)
    return link !== undefined && link.expires - SPARE_MS > this.nowMs()
  }

  /** What is asked for in one step goes out in one request. */
  private ask(ids: readonly string[]): Promise<void> {
    if (!this.asking) {
      const wanted = new Set<string>()
      const done = Promise.resolve().then(() => {
        this.asking = null
        return this.fetch([...wanted])
      })
      this.asking = { ids: wanted, done }
    }
    for (const id of ids) this.asking.ids.add(id)
    return this.asking.done
  }

  private async fetch(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += PER_REQUEST_MAX) {
      const part = ids.slice(at, at + PER_REQUEST_MAX)
      // A link that is not told again is one that this user may not see any more.
      for (const id of part) this.known.delete(id)
      const { links } = await this.http.api<{ links: MediaLink[] }>('POST', 'v1/media/links', { ids: part })
      for (const { id, url, thumb, expires } of links) {
        const small = thumb === undefined ? {} : { thumb: this.http.absolute(thumb) }
        this.known.set(id, { id, url: this.http.absolute(url), ...small, expires })
      }
    }
  }
}
