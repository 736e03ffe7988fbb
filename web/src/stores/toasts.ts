// Short notices at the edge of the page: channel pushes, broadcasts, what was refused and what was done.

import { defineStore } from 'pinia'
import type { Client } from 'magpie-im'
import { shallowRef } from 'vue'

import { failureText } from '../app/i18n'

export interface Toast {
  id: number
  kind: 'push' | 'broadcast' | 'error' | 'done'
  title: string
  text: string
}

const SHOWN_MS = 8_000
const SHOWN_MAX = 4
const TEXT_MAX = 200

export const useToasts = defineStore('toasts', () => {
  const list = shallowRef<readonly Toast[]>([])
  let nextId = 1

  function show(kind: Toast['kind'], title: string, text: string): void {
    const id = nextId++
    list.value = [...list.value, { id, kind, title, text: text.slice(0, TEXT_MAX) }].slice(-SHOWN_MAX)
    setTimeout(() => dismiss(id), kind === 'done' ? SHOWN_MS / 2 : SHOWN_MS)
  }

  function dismiss(id: number): void {
    list.value = list.value.filter((toast) => toast.id !== id)
  }

  /** Says how something went that a person asked for. */
  async function attempt(work: Promise<unknown>, done?: string): Promise<void> {
    try {
      await work
      if (done) show('done', '', done)
    } catch (failure) {
      show('error', '', failureText(failure))
    }
  }

  function attach(client: Client): () => void {
    const removers = [
      client.on('push', (push) => show('push', push.channel, describe(push.data))),
      client.on('broadcast', (cast) => show('broadcast', cast.from ?? '', cast.b.x)),
    ]
    return () => {
      for (const remove of removers) remove()
      list.value = []
    }
  }

  return { list, show, attempt, dismiss, attach }
})

/** What a person can read of a push's data. */
export function describe(data: unknown): string {
  if (typeof data === 'string') return data
  if (typeof data === 'object' && data !== null) {
    const { x, message, text } = data as Record<string, unknown>
    const words = x ?? message ?? text
    if (typeof words === 'string') return words
  }
  return JSON.stringify(data)
}
