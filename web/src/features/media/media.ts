// Files of messages for the page: the SDK's media of this session, their links, and local copies of
// what was just sent, so that an own picture is there at once.

import type { Client } from 'magpie-im'
import { createMedia, type Media, type MediaLink } from 'magpie-im/media'
import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef, watch } from 'vue'

import { useSession } from '../../stores/session'

const COPIES_MAX = 40
/** Links that are asked for in the same moment go in one request. */
const GATHER_MS = 10
/** A link is not handed out that ends while the browser still fetches. */
const MARGIN_MS = 10_000

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

  let gathered: { id: string; done: (link: MediaLink | null) => void; fail: (error: unknown) => void }[] = []

  /** The address of a file; null: it does not exist for this user. Throws while there is no answer. */
  function link(id: string): Promise<MediaLink | null> {
    return new Promise((done, fail) => {
      gathered.push({ id, done, fail })
      if (gathered.length === 1) setTimeout(() => void fetchGathered(), GATHER_MS)
    })
  }

  async function fetchGathered(): Promise<void> {
    const waiting = gathered
    gathered = []
    try {
      const links = media.value ? await media.value.links([...new Set(waiting.map((one) => one.id))]) : new Map()
      for (const { id, done } of waiting) done(links.get(id) ?? null)
    } catch (failure) {
      for (const { fail } of waiting) fail(failure)
    }
  }

  function isFresh({ expires }: MediaLink): boolean {
    return expires - MARGIN_MS > (session.client?.now ?? Date.now())
  }

  async function downloadUrl(id: string): Promise<string | null> {
    const found = await link(id)
    return found && media.value ? media.value.downloadUrl(found) : null
  }

  return { media, isOn, bytesMax, copies, keepCopy, link, isFresh, downloadUrl }
})
