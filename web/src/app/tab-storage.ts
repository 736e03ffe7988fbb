// One storage, several windows of one user: the first window keeps the outgoing queue and the cache,
// the others read the cache and keep what they write to themselves, so that no message is sent by two
// windows and none overwrites the other's. When the first is closed, the next one takes its place.

import type { Storage } from 'magpie-im'

/** Keys that belong to the installation, not to a window. */
const SHARED = /^[^/]*\.device$/
/** Never read from another window: it would send what is not its own. */
const PRIVATE = /\/queue$/

interface Locks {
  request(name: string, options: { ifAvailable?: boolean }, work: (lock: object | null) => unknown): Promise<unknown>
}

export function tabStorage(inner: Storage, user: string, locks: Locks | undefined = navigator.locks): Storage {
  const own = new Map<string, string | null>()
  let isFirst = false

  /** Holds the lock for as long as the page lives. */
  const hold = (): Promise<never> => new Promise(() => undefined)
  const decided = new Promise<void>((done) => {
    // Browsers have locks on https and localhost only; elsewhere each window acts as the first.
    if (!locks) {
      isFirst = true
      return done()
    }
    const name = `magpie.tab.${user}`
    const take = (lock: object | null): unknown => {
      if (lock) {
        isFirst = true
        done()
        return hold()
      }
      done()
      void locks.request(name, {}, succeed)
      return undefined
    }
    locks.request(name, { ifAvailable: true }, take).catch(() => {
      isFirst = true
      done()
    })
  })

  async function succeed(): Promise<never> {
    isFirst = true
    for (const [key, value] of own) await (value === null ? inner.remove(key) : inner.set(key, value))
    own.clear()
    return hold()
  }

  return {
    async get(key) {
      await decided
      if (isFirst || SHARED.test(key)) return inner.get(key)
      if (own.has(key)) return own.get(key) ?? null
      return PRIVATE.test(key) ? null : inner.get(key)
    },
    async set(key, value) {
      await decided
      if (isFirst || SHARED.test(key)) await inner.set(key, value)
      else own.set(key, value)
    },
    async remove(key) {
      await decided
      if (isFirst) await inner.remove(key)
      else own.set(key, null)
    },
  }
}
