// What outlives a reload: the cursor together with the data that it covers, as one value, so that neither
// can be newer than the other. Bounded; the server has everything.

import type { Draft, Entry, Item, Mark, User } from '../protocol.gen.js'
import type { Timeline } from './timeline.js'
import { parse, type Vault } from './vault.js'

export interface Cached {
  v: 1
  user: User
  cursor: string
  entries: Entry[]
  /** Conversation, what was told up to, applied changes, newest items. */
  timelines: [c: string, tail: number, rev: number, items: Item[]][]
  channels: Mark[]
  /** What the server does not have yet; missing in what older versions kept. */
  drafts?: [c: string, draft: Draft][]
  /** Not every conversation is in it. */
  cut: boolean
}

export interface CacheSource {
  user: User | null
  cursor: string | undefined
  entries: Iterable<Entry>
  timelines: { get(c: string): Timeline | undefined }
  channels: Iterable<Mark>
  drafts: Iterable<[c: string, draft: Draft]>
  cut: boolean
}

const EVERY_MS = 3_000
/** Length of the messages that are stored; a mini-program takes 1 MB in one value. */
const CHARS_MAX = 400_000

export class Cache {
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly vault: Vault,
    private readonly sizes: { conversations: number; messages: number },
    private readonly source: () => CacheSource | null,
  ) {}

  async load(user: string): Promise<Cached | null> {
    const cached = parse<Cached>(await this.vault.get(`${user}/cache`))
    return cached?.v === 1 && Array.isArray(cached.entries) && Array.isArray(cached.timelines) ? cached : null
  }

  /** Something is different: it is written soon, together with what follows. */
  touch(): void {
    this.timer ??= setTimeout(() => this.save(), EVERY_MS)
  }

  save(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const source = this.source()
    if (!source?.user || source.cursor === undefined) return
    void this.vault.set(`${source.user.id}/cache`, this.text(source))
  }

  drop(user: string): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    return this.vault.remove(`${user}/cache`)
  }

  private text({ user, cursor, entries, timelines, channels, drafts, cut }: CacheSource): string {
    const { conversations, messages } = this.sizes
    const all = [...entries].sort((a, b) => Number(b.pin) - Number(a.pin) || b.ts - a.ts)
    const kept = all.slice(0, conversations)
    const told: Cached['timelines'] = []
    let chars = 0
    for (const { c } of kept) {
      const known = timelines.get(c)
      if (!known || known.tail < 0) continue
      let items = known.places.all.slice(-messages)
      chars += JSON.stringify(items).length
      if (chars > CHARS_MAX) items = []
      told.push([c, known.tail, known.rev, items])
    }
    const lists = { entries: kept, timelines: told, channels: [...channels], drafts: [...drafts] }
    return JSON.stringify({ v: 1, user, cursor, ...lists, cut: cut || all.length > kept.length })
  }
}
