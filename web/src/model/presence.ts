// Who is online, as far as it is known right now; nothing is known while disconnected.

import { reactive } from 'vue'

import type { PresenceState } from '../protocol/types'
import type { Requester } from './chat'

const WATCH_MAX = 200

export class Presence {
  private readonly states = reactive(new Map<string, PresenceState>())
  private watched = ''

  constructor(private readonly line: Requester) {}

  get(user: string | undefined): PresenceState | undefined {
    return user === undefined ? undefined : this.states.get(user)
  }

  update(state: PresenceState): void {
    const { user, online, last_seen } = state
    this.states.set(user, { user, online, last_seen })
  }

  /** Follows these users in place of those before. */
  async watch(users: string[]): Promise<void> {
    const wanted = [...new Set(users)].slice(0, WATCH_MAX).sort()
    const key = JSON.stringify(wanted)
    if (wanted.length === 0 || key === this.watched) return
    this.watched = key
    try {
      const reply = await this.line.request<{ users?: PresenceState[] }>('presence.watch', { users: wanted })
      for (const state of reply.users ?? []) this.update(state)
    } catch {
      this.watched = ''
    }
  }

  forget(): void {
    this.watched = ''
    this.states.clear()
  }
}
