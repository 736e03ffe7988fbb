import { describe, expect, it, vi } from 'vitest'

import { tabStorage } from '../src/app/tab-storage'

/** Locks as a browser has them: one holder, the others wait. */
function locksOf() {
  let held = false
  const waiting: ((lock: object | null) => unknown)[] = []
  return {
    request: async (_name: string, { ifAvailable = false }: { ifAvailable?: boolean }, work: (lock: object | null) => unknown) => {
      if (!held) {
        held = true
        return work({})
      }
      if (ifAvailable) return work(null)
      waiting.push(work)
      return undefined
    },
    /** The holder's window is closed. */
    release: () => waiting.shift()?.({}),
  }
}

function memory() {
  const kept = new Map<string, string>()
  return {
    kept,
    storage: {
      get: (key: string) => kept.get(key) ?? null,
      set: (key: string, value: string) => void kept.set(key, value),
      remove: (key: string) => void kept.delete(key),
    },
  }
}

describe('two windows of one user', () => {
  it('share the device and what was cached, but not what is being sent', async () => {
    const { kept, storage } = memory()
    const locks = locksOf()
    const first = tabStorage(storage, 'me', locks)
    await first.set('magpie.device', 'd1')
    await first.set('magpie.me/cache', 'list')
    await first.set('magpie.me/queue', 'one message')
    const second = tabStorage(storage, 'me', locks)
    expect(await second.get('magpie.device')).toBe('d1')
    expect(await second.get('magpie.me/cache')).toBe('list')
    expect(await second.get('magpie.me/queue')).toBeNull()
    await second.set('magpie.me/queue', 'another')
    expect(await second.get('magpie.me/queue')).toBe('another')
    expect(kept.get('magpie.me/queue')).toBe('one message')
  })

  it('hand over when the first one is closed', async () => {
    const { kept, storage } = memory()
    const locks = locksOf()
    await tabStorage(storage, 'me', locks).set('magpie.me/queue', 'sent by now')
    const second = tabStorage(storage, 'me', locks)
    await second.set('magpie.me/queue', 'mine')
    await second.remove('magpie.me/cache')
    locks.release()
    await vi.waitFor(() => expect(kept.get('magpie.me/queue')).toBe('mine'))
    await second.set('magpie.me/queue', 'later')
    expect(kept.get('magpie.me/queue')).toBe('later')
  })

  it('each keep what they write where the browser has no locks', async () => {
    const { kept, storage } = memory()
    await tabStorage(storage, 'me', undefined).set('magpie.me/queue', 'x')
    expect(kept.get('magpie.me/queue')).toBe('x')
  })
})
