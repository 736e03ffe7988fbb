// Asks for pages of the conversation list, one request at a time.

import type { Entry, ServerFrames } from '../protocol.gen.js'

const PAGE = 100

export class Inbox {
  /** The answer that is on its way; ends when it came, or did not. */
  private asking: Promise<void> | null = null
  /** The newest page is asked for behind it. */
  private again = false
  /** Where the next page begins; `null` behind the last one. */
  private mark: string | null | undefined

  constructor(
    private readonly request: <R>(t: string, fields: object) => Promise<R>,
    private readonly onEntry: (entry: Entry) => void,
  ) {}

  /** What an answer brings is not known yet. */
  get fetching(): boolean {
    return this.again || this.asking !== null
  }

  /** The newest page, as it is from now on. One that does not come: the next event of an unknown conversation asks again. */
  async fetch(): Promise<void> {
    if (this.again) return
    // The answer that is on its way may be older than what is wanted now.
    this.again = true
    while (this.asking) await this.asking
    this.again = false
    await this.ask().catch(() => undefined)
  }

  /** The next page; false when there is nothing further. Throws when it does not come. */
  async more(): Promise<boolean> {
    while (this.asking) await this.asking
    if (this.mark !== null) await this.ask(this.mark)
    return this.mark !== null
  }

  reset(): void {
    this.mark = undefined
  }

  private ask(before?: string): Promise<void> {
    const asked = this.page(before)
    const done = (): void => void (this.asking = null)
    this.asking = asked.then(done, done)
    return asked
  }

  private async page(before?: string): Promise<void> {
    const { convs, next } = await this.request<ServerFrames['inbox']>('inbox', { ...(before && { before }), limit: PAGE })
    for (const entry of convs) this.onEntry(entry)
    if (before !== undefined || this.mark === undefined) this.mark = next
  }
}
