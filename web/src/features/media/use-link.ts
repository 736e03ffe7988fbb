// The address of one file for one component: fetched when it is first drawn, fetched again when it
// has expired or did not load, and asked for again when the connection is back.

import type { MediaLink } from 'magpie-im/media'
import { computed, type ComputedRef, onBeforeUnmount, type Ref, ref, shallowRef, watch } from 'vue'

import { useSession } from '../../stores/session'
import { useMedia } from './media'

/** `gone`: erased, or not for this user. `waiting`: no answer yet, or offline. */
export type LinkState = 'waiting' | 'ready' | 'gone' | 'broken'

export interface FileLink {
  state: Ref<LinkState>
  url: ComputedRef<string>
  thumb: ComputedRef<string>
  /** The browser could not load it: one more try, with a new link where the old one has ended; then it is broken. */
  failed: () => void
  /** A link that is good right now, for playing or saving. */
  fresh: () => Promise<MediaLink | null>
}

export function useLink(id: () => string): FileLink {
  const media = useMedia()
  const session = useSession()
  const state = ref<LinkState>('waiting')
  const found = shallowRef<MediaLink | null>(null)
  let retried = false
  let mounted = true

  async function fresh(): Promise<MediaLink | null> {
    const asked = id()
    if (asked === '') return null
    const link = await media.link(asked)
    if (!mounted || asked !== id()) return link
    found.value = link
    state.value = link ? 'ready' : 'gone'
    return link
  }

  function load(): void {
    fresh().catch(() => {
      if (mounted && state.value !== 'ready') state.value = 'waiting'
    })
  }

  function failed(): void {
    if (retried) {
      state.value = 'broken'
      return
    }
    retried = true
    found.value = null
    load()
  }

  watch(
    id,
    () => {
      retried = false
      found.value = null
      state.value = 'waiting'
      load()
    },
    { immediate: true },
  )
  watch(
    () => session.status.synced,
    (synced) => {
      if (synced && state.value !== 'ready') {
        retried = false
        load()
      }
    },
  )
  onBeforeUnmount(() => (mounted = false))

  const url = computed(() => media.copies.get(id()) ?? found.value?.url ?? '')
  const thumb = computed(() => media.copies.get(id()) ?? found.value?.thumb ?? found.value?.url ?? '')
  return { state, url, thumb, failed, fresh }
}
