// Asks for pages of the conversation list, one request at a time.

import type { Entry, ServerFrames } from '../protocol.gen.js'

const PAGE = 100

export class Inbox {
  /** An answer is on its way: what it brings is not known yet. */
  fetching = false
  private again = false
  /** Where the next page begins; `null` behind the last one. */
  private mark: string | null | undefined

  constructor(
    private readonly request: <R>(t: string, fields: object) => Promise<R>,
    private readonly onEntry: (entry: Entry) => void,
  ) {}

  /** The page behind the mark; without one the first. */
  async fetch(before?: string): Promise<void> {
    if (this.fetching) {
      // The answer that is on its way may be older than what is wanted now.
      this.again ||= before === undefined
      return
    }
    this.fetching = true
    try {
      const page = await this.request<ServerFrames['inbox']>('inbox', { ...(before && { before }), limit: PAGE })
      for (const entry of page.convs) this.onEntry(entry)
      if (before !== undefined || this.mark === undefined) this.mark = page.next
    } catch {
      // The list stays as it is; the next event of an unknown conversation asks again.
      this.again = false
    } finally {
      this.fetching = false
    }
    if (!this.again) return
    this.again = false
    await this.fetch()
  }

  /** False when there is nothing further. */
  async more(): Promise<boolean> {
    if (this.mark !== null) await this.fetch(this.mark)
    return this.mark !== null
  }

  reset(): void {
    this.mark = undefined
  }
}
