// Whom the signed-in user has blocked. Asked for once after the sign-in, after each change of one's own, and by
// whoever shows the list: a block that another device made gives no event.

import { defineStore } from 'pinia'
import type { Client, User } from 'magpie-im'
import { computed, shallowRef } from 'vue'

export const useBlocks = defineStore('blocks', () => {
  const all = shallowRef<readonly User[]>([])
  const ids = computed(() => new Set(all.value.map(({ id }) => id)))
  let client: Client | null = null
  /** What is shown is what the server said last. */
  let known = false
  let asked = 0

  async function load(): Promise<void> {
    const turn = ++asked
    const users = await client?.blocked().catch(() => null)
    // An answer that a later question, or another user, has overtaken is old.
    if (!users || turn !== asked) return
    all.value = users
    known = true
  }

  function attach(made: Client): () => void {
    client = made
    // Again with the next connection when no answer came.
    const remove = made.on('sync', () => {
      if (!known) void load()
    })
    return () => {
      remove()
      client = null
      known = false
      asked++
      all.value = []
    }
  }

  /** Throws the server's refusal. */
  async function set(user: string, on: boolean): Promise<void> {
    await client?.block(user, on)
    known = false
    await load()
  }

  const has = (user: string | undefined): boolean => user !== undefined && ids.value.has(user)

  return { all, has, attach, load, set }
})
