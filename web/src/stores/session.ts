// The SDK's client as the page sees it: who is signed in, how the connection is, what the server can
// do. Holds no messages and no list.

import { defineStore } from 'pinia'
import { type Client, type Limits, MagpieError, type Status, type User } from 'magpie-im'
import { markRaw, ref, shallowRef } from 'vue'

const IDLE: Status = { state: 'idle', synced: false, retryInMs: 0, code: 0, reason: '' }
const FINAL_WITH_TOKEN = new Set([4500, 4003])
const SIGNED_OUT = 4506

/** Why the session ended for good, so that somebody has to sign in again. */
export type Ended = 'refused' | 'signed_out'

export const useSession = defineStore('session', () => {
  const client = shallowRef<Client | null>(null)
  const status = shallowRef<Status>(IDLE)
  /** By the page's own clock: when the next try to connect comes. */
  const retryAtMs = ref(0)
  const user = shallowRef<User | null>(null)
  const features = shallowRef<readonly string[]>([])
  const limits = shallowRef<Limits | null>(null)
  let removers: (() => void)[] = []

  function take(next: Status): void {
    status.value = next
    retryAtMs.value = Date.now() + next.retryInMs
    const made = client.value
    if (!made || next.state !== 'online') return
    features.value = [...made.features]
    limits.value = { ...made.limits }
  }

  function start(made: Client, onEnded: (why: Ended) => void): void {
    client.value = markRaw(made)
    user.value = made.user
    take(made.status)
    removers = [
      made.on('state', take),
      made.on('user', (known) => (user.value = known)),
      made.on('kicked', ({ code }) => {
        if (FINAL_WITH_TOKEN.has(code)) onEnded('refused')
        else if (code === SIGNED_OUT) onEnded('signed_out')
      }),
    ]
    connect()
  }

  function connect(): void {
    // How it goes is told by `state` and `kicked`.
    client.value?.connect().catch(() => undefined)
  }

  function stop(): void {
    for (const remove of removers.splice(0)) remove()
    const ended = client.value
    // Its parts leave first, while what they still have to say can go out: a call hangs up.
    client.value = null
    ended?.close()
    user.value = null
    status.value = IDLE
    features.value = []
  }

  function nudge(): void {
    client.value?.nudge()
  }

  /** The client; throws where the page has none, which is a fault of the page. */
  function required(): Client {
    if (!client.value) throw new MagpieError('closed', 'nobody is signed in on this page')
    return client.value
  }

  const has = (feature: string): boolean => features.value.includes(feature)

  return { client, status, retryAtMs, user, features, limits, start, stop, connect, nudge, required, has }
})
