// Short notices at the edge of the page: channel pushes, broadcasts and failed requests.

import { reactive } from 'vue'

export interface Toast {
  id: number
  kind: 'push' | 'broadcast' | 'error'
  title: string
  text: string
}

const SHOWN_MS = 8_000
const SHOWN_MAX = 4
const TEXT_MAX = 200

export class Toasts {
  readonly list: Toast[] = reactive([])
  private nextId = 1

  show(kind: Toast['kind'], title: string, text: string): void {
    const id = this.nextId++
    this.list.push({ id, kind, title, text: text.slice(0, TEXT_MAX) })
    if (this.list.length > SHOWN_MAX) this.list.shift()
    setTimeout(() => this.dismiss(id), SHOWN_MS)
  }

  dismiss(id: number): void {
    const index = this.list.findIndex((toast) => toast.id === id)
    if (index >= 0) this.list.splice(index, 1)
  }
}

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
