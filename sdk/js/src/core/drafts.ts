// What is written but not sent, kept the same on all devices of the user. The newest word wins; one that
// the server does not have yet is sent again after a reconnect.

import type { Draft } from '../protocol.gen.js'
import type { List } from './list.js'
import { utf8Length } from './bytes.js'

const EVERY_MS = 1_000

export class Drafts {
  private readonly owed = new Map<string, Draft>()
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly list: List,
    /** Largest draft that the server takes; 0 = it takes none. */
    private readonly bytesMax: () => number,
    private readonly request: (t: string, fields: object) => Promise<unknown>,
  ) {}

  has(c: string): boolean {
    return this.owed.has(c)
  }

  set(c: string, x: string, re?: number): void {
    const known = this.list.get(c)?.draft
    if ((known?.x ?? '') === x && known?.re === re) return
    const draft = re === undefined ? { x } : { x, re }
    this.list.draft(c, draft)
    this.owed.set(c, draft)
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
      this.request('conv.draft', { c, ...draft }).then(
        () => {
          if (this.owed.get(c) === draft) this.owed.delete(c)
        },
        () => undefined,
      )
    }
  }

  clear(): void {
    this.owed.clear()
  }
}
