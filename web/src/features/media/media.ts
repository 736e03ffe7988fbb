// Files of messages for the page: the SDK's media of this session, their links, and local copies of
// what was just sent, so that an own picture is there at once.

import type { Client } from 'magpie-im'
import { createMedia, type Media, type MediaLink } from 'magpie-im/media'
import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef, watch } from 'vue'

import { useSession } from '../../stores/session'

const COPIES_MAX = 40

export const useMedia = defineStore('media', () => {
  const session = useSession()
  const media = shallowRef<Media | null>(null)
  const copies = shallowReactive(new Map<string, string>())

  watch(
    () => session.client,
    (client: Client | null) => {
      media.value = client ? createMedia(client) : null
      for (const url of copies.values()) URL.revokeObjectURL(url)
      copies.clear()
    },
    { immediate: true, flush: 'sync' },
  )

  const isOn = computed(() => session.has('media') || (session.limits?.media_bytes ?? 0) > 0)
  const bytesMax = computed(() => session.limits?.media_bytes ?? 0)

  function keepCopy(id: string, blob: Blob): void {
    copies.set(id, URL.createObjectURL(blob))
    for (const [old, url] of copies) {
      if (copies.size <= COPIES_MAX) break
      URL.revokeObjectURL(url)
      copies.delete(old)
    }
  }

  /** The address of a file; null: it does not exist for this user. Throws while there is no answer. */
  async function link(id: string): Promise<MediaLink | null> {
    return (await media.value?.link(id)) ?? null
  }

  async function downloadUrl(id: string): Promise<string | null> {
    const found = await link(id)
    return found && media.value ? media.value.downloadUrl(found) : null
  }

  return { media, isOn, bytesMax, copies, keepCopy, link, downloadUrl }
})
