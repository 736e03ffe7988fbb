// Who is signed in on this page: the token from the address or the tab's storage, demo accounts,
// and a new token when a demo user's has expired. Knows no connection.

import { defineStore } from 'pinia'
import type { User } from 'magpie-im'
import { ref, shallowRef } from 'vue'

import { demoSignIn, fetchDemoUsers, fetchInfo, HttpError, type ServerInfo } from '../api/http'

/** Why the page is at the sign-in again: the end of a text key. */
export type Notice = '' | 'refused' | 'expired' | 'failed' | 'signed_out'

const TOKEN = 'magpie.token'
const DEMO_USER = 'magpie.demo_user'

/** Storage of this tab only, so that two windows can be two users; memory where it is denied or full. */
function tabStorage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const kept = new Map<string, string>()
  const attempt = <T>(work: (storage: Storage) => T): T | null => {
    try {
      return work(sessionStorage)
    } catch {
      return null
    }
  }
  return {
    getItem: (key) => kept.get(key) ?? attempt((storage) => storage.getItem(key)),
    setItem: (key, value) => {
      kept.set(key, value)
      attempt((storage) => storage.setItem(key, value))
    },
    removeItem: (key) => {
      kept.delete(key)
      attempt((storage) => storage.removeItem(key))
    },
  }
}

export const useAccount = defineStore('account', () => {
  const storage = tabStorage()
  const info = shallowRef<ServerInfo | null>(null)
  /** Null until asked; `[]` when there are none. */
  const demoUsers = shallowRef<readonly User[] | null>(null)
  /** The server could not be asked. */
  const unreachable = ref(false)
  const busy = ref(false)
  const token = ref<string | null>(storage.getItem(TOKEN))
  const notice = ref<Notice>('')

  async function load(): Promise<void> {
    try {
      const found = await fetchInfo()
      demoUsers.value = found.demo ? await fetchDemoUsers() : []
      info.value = found
      unreachable.value = false
    } catch {
      unreachable.value = true
    }
  }

  function useToken(given: string): void {
    storage.setItem(TOKEN, given)
    storage.removeItem(DEMO_USER)
    token.value = given
    notice.value = ''
  }

  async function signInAs(user: string): Promise<boolean> {
    busy.value = true
    try {
      const answer = await demoSignIn(user)
      useToken(answer.token)
      storage.setItem(DEMO_USER, user)
      return true
    } catch {
      notice.value = 'failed'
      return false
    } finally {
      busy.value = false
    }
  }

  function signOut(why: Notice = ''): void {
    storage.removeItem(TOKEN)
    storage.removeItem(DEMO_USER)
    token.value = null
    notice.value = why
    if (info.value === null) void load()
  }

  /**
   * A new token for the demo user of this tab, or null: then a person has to sign in. Throws while the
   * server is away, which says nothing about who may sign in.
   */
  async function renew(): Promise<string | null> {
    const user = storage.getItem(DEMO_USER)
    if (user === null) return null
    try {
      const answer = await demoSignIn(user)
      // He signed out, or another one signed in, while the server answered.
      if (storage.getItem(DEMO_USER) !== user) return null
      useToken(answer.token)
      storage.setItem(DEMO_USER, user)
      return answer.token
    } catch (error) {
      if (error instanceof HttpError && error.status < 500) return null
      throw error
    }
  }

  return { info, demoUsers, unreachable, busy, token, notice, load, useToken, signInAs, signOut, renew }
})

/** The token in `#token=...`, as backends hand it out in links. */
export function tokenOf(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token')
}

/** The user whom a token names, unproved: it only chooses which cache is shown before the server answers. */
export function userOf(token: string): string | null {
  try {
    const [, claims = ''] = token.split('.')
    const bytes = Uint8Array.from(atob(claims.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0))
    const { sub } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown }
    return typeof sub === 'string' && sub !== '' ? sub : null
  } catch {
    return null
  }
}
