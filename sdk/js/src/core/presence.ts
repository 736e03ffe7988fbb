// Who is online and who types, as far as it is known right now; nothing is known while disconnected.

import type { PresenceState, ServerFrames } from '../protocol.gen.js'

const WATCH_MAX = 200
const TYPING_SHOWN_MS = 5_000
const TYPING_EVERY_MS = 3_000

export class Presence {
  private readonly states = new Map<string, PresenceState>()
  private wanted = new Set<string>()

  constructor(
    private readonly request: (t: string, fields: object) => Promise<ServerFrames['ok']>,
    private readonly onChange: (state: PresenceState) => void,
  ) {}

  get(user: string): PresenceState | null {
    return this.states.get(user) ?? null
  }

  update({ user, online, last_seen }: PresenceState): void {
    const state = { user, online, last_seen }
    this.states.set(user, state)
    this.onChange(state)
  }

  /** Follows these users in place of those before. */
  watch(users: readonly string[]): void {
    const wanted = new Set([...new Set(users)].slice(0, WATCH_MAX))
    // The same ones in another order are no reason to ask.
    if (wanted.size === this.wanted.size && [...wanted].every((user) => this.wanted.has(user))) return
    this.wanted = wanted
    this.ask()
  }

  /** Asks again on a new connection. */
  ask(): void {
    if (this.wanted.size === 0) return
    this.request('presence.watch', { users: [...this.wanted] }).then(
      ({ users }) => {
        for (const state of users ?? []) this.update(state)
      },
      () => undefined,
    )
  }

  forget(): void {
    this.states.clear()
  }
}

/** Both directions of typing: shown for 5 s after the last frame, sent at most every 3 s. */
export class Typing {
  private readonly shown = new Map<string, Map<string, ReturnType<typeof setTimeout>>>()
  private readonly sentAtMs = new Map<string, number>()

  constructor(
    private readonly monotonicMs: () => number,
    private readonly onChange: (c: string, users: readonly string[]) => void,
  ) {}

  users(c: string): readonly string[] {
    return [...(this.shown.get(c)?.keys() ?? [])]
  }

  start(c: string, user: string): void {
    let users = this.shown.get(c)
    if (!users) this.shown.set(c, (users = new Map<string, ReturnType<typeof setTimeout>>()))
    const known = users.has(user)
    clearTimeout(users.get(user))
    users.set(
      user,
      setTimeout(() => this.stop(c, user), TYPING_SHOWN_MS),
    )
    if (!known) this.onChange(c, this.users(c))
  }

  stop(c: string, user: string): void {
    const users = this.shown.get(c)
    if (!users?.has(user)) return
    clearTimeout(users.get(user))
    users.delete(user)
    this.onChange(c, this.users(c))
  }

  forget(): void {
    for (const [c, users] of this.shown) for (const user of [...users.keys()]) this.stop(c, user)
  }

  /** Whether it is time to tell the other side again. */
  due(target: string): boolean {
    const nowMs = this.monotonicMs()
    const before = this.sentAtMs.get(target)
    if (before !== undefined && nowMs - before < TYPING_EVERY_MS) return false
    this.sentAtMs.set(target, nowMs)
    return true
  }

  /** A message went out: the next key is news again. */
  sent(target: string): void {
    this.sentAtMs.delete(target)
  }
}
