// Which picture the viewer shows; the viewer itself comes with its own chunk.

import type { Message } from 'magpie-im'
import { markRaw, shallowRef } from 'vue'

export const viewed = shallowRef<Message | null>(null)

export function openViewer(message: Message): void {
  viewed.value = markRaw(message)
}

export function closeViewer(): void {
  viewed.value = null
}
