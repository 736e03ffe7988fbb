// What is written but not sent, kept the same on all devices of the user. The newest word wins; one that
// the server does not have yet is sent again after a reconnect.

import type { Draft } from '../protocol.gen.js'
import { utf8Length } from './bytes.js'
import type { MagpieError } from './errors.js'
import type { List } from './list.js'

const EVERY_MS = 1_000

export class Drafts {
  /** What the server does not have yet, by conversation; outlives a reload. */
  readonly owed = new Map<string, Draft>()
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly list: List,
    /** Largest draft that the server takes; 0 = it takes none. */
    private readonly bytesMax: () => number,
    private readonly request: (t: string, fields: object) => Promise<unknown>,
    /** What is owed is different now. */
    private readonly onChange: () => void,
  ) {}

  /** The server told an entry: what it does not have yet is newer. */
  keep(c: string): void {
    const draft = this.owed.get(c)
    if (draft) this.list.draft(c, draft)
  }

  set(c: string, x: string, re?: number): void {
    const known = this.list.get(c)?.draft
    if ((known?.x ?? '') === x && known?.re === re) return
    const draft = re === undefined ? { x } : { x, re }
    this.list.draft(c, draft)
    this.owed.set(c, draft)
    this.onChange()
    this.timer ??= setTimeout(() => this.flush(), EVERY_MS)
  }

  /** Another device wrote. */
  told(c: string, draft: Draft): void {
    this.owed.delete(c)
    this.list.draft(c, draft)
  }

  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    for (const [c, draft] of this.owed) {
      // Too long for the server, or a server without drafts: it stays on this device.
      if (utf8Length(draft.x) > this.bytesMax()) continue
      const done = (error?: MagpieError): void => {
        // A refusal that comes again however often it is sent ends it too.
        if (this.owed.get(c) !== draft || error?.retryable || error?.code === 'closed') return
        this.owed.delete(c)
        this.onChange()
      }
      this.request('conv.draft', { c, ...draft }).then(() => done(), done)
    }
  }
}
