// The call of this page: what the SDK knows of it, what the page adds (the own preview, the small
// window, what went wrong with devices), and the way to begin and end one.

import type { MagpieError } from 'magpie-im'
import type { Call, Calls, CallView } from 'magpie-im/calls'
import { defineStore } from 'pinia'
import { computed, markRaw, ref, shallowReactive, shallowRef, watch } from 'vue'

import { failureText, t } from '../../app/i18n'
import type { Trouble } from '../../model/device-trouble'
import { useSession } from '../../stores/session'
import { useToasts } from '../../stores/toasts'
import { browserRtc, type DeviceKind } from './rtc'

/** How long the end of a call stays in sight. */
const END_SHOWN_MS = 3_500

/** Both chunks come while the page connects: a call that rings then finds somebody at home. */
const arriving = import('magpie-im/calls')

export const useCalls = defineStore('calls', () => {
  const session = useSession()
  const toasts = useToasts()

  const calls = shallowRef<Calls | null>(null)
  const call = shallowRef<Call | null>(null)
  const view = shallowRef<CallView | null>(null)
  const isSmall = ref(false)
  const own = shallowRef<MediaStream | null>(null)
  /** What this device could not give. */
  const troubles = shallowReactive(new Map<DeviceKind, Trouble>())
  let wantsVideo = true
  let endTimer: ReturnType<typeof setTimeout> | undefined
  let stopFollowing: (() => void) | null = null
  let camera: MediaStreamTrack | null = null

  const isOn = computed(() => session.has('calls'))
  /** A call is there that must not be lost by leaving the page. */
  const isGoingOn = computed(() => view.value !== null && !['ended', 'ringing-in'].includes(view.value.state))

  const rtc = browserRtc({
    wantsVideo: () => wantsVideo,
    isCaller: () => view.value?.direction === 'out',
    isVideoCall: () => view.value?.media === 'video',
    onTrouble: (kind, trouble) => {
      troubles.set(kind, trouble)
      if (kind === 'video') wantsVideo = false
    },
    onOwnVideo: (track, source) => {
      if (source === 'camera') {
        camera = track
        troubles.delete('video')
      }
      own.value = new MediaStream([track])
    },
  })

  watch(
    () => session.client,
    (client, _before, onCleanup) => {
      if (!client) return
      let left = false
      let made: Calls | null = null
      arriving
        .then(({ createCalls }) => {
          if (left) return
          made = createCalls(client, rtc)
          made.on('call', (current) => current && follow(current))
          made.on('error', (error) => toasts.show('error', '', failureText(error)))
          calls.value = markRaw(made)
        })
        // Without its part of the program the page chats on and cannot call.
        .catch(() => toasts.show('error', '', t('call.unavailable')))
      onCleanup(() => {
        left = true
        made?.close()
        calls.value = null
        clear()
      })
    },
    { immediate: true, flush: 'sync' },
  )

  function follow(current: Call): void {
    if (call.value?.id === current.id) return
    clear()
    call.value = markRaw(current)
    wantsVideo = current.view.media === 'video'
    show(current.view)
    stopFollowing = current.on('change', show)
  }

  function show(now: CallView): void {
    const before = view.value
    view.value = now
    if (before?.sharing && !now.sharing) own.value = camera && now.camera ? new MediaStream([camera]) : null
    else if (!now.camera && !now.sharing) own.value = null
    if (now.state !== 'ended' || endTimer !== undefined) return
    own.value = null
    isSmall.value = false
    // What is answered elsewhere, or turned down here, is not news.
    const quiet = now.why === 'taken' || (now.direction === 'in' && now.answered === 0)
    endTimer = setTimeout(clear, quiet ? 0 : END_SHOWN_MS)
  }

  function clear(): void {
    clearTimeout(endTimer)
    endTimer = undefined
    stopFollowing?.()
    stopFollowing = null
    call.value = null
    view.value = null
    own.value = null
    camera = null
    isSmall.value = false
    troubles.clear()
  }

  async function invite(user: string, media: 'audio' | 'video'): Promise<void> {
    if (!calls.value || isGoingOn.value) return
    clear()
    wantsVideo = media === 'video'
    await attempt(calls.value.invite(user, media))
  }

  async function accept(media: 'audio' | 'video'): Promise<void> {
    wantsVideo = media === 'video'
    if (call.value) await attempt(call.value.accept())
  }

  async function end(): Promise<void> {
    await call.value?.end()
  }

  function setMuted(muted: boolean): void {
    call.value?.setMuted(muted)
  }

  async function setCamera(on: boolean): Promise<void> {
    wantsVideo = on
    if (on) troubles.delete('video')
    if (call.value) await attempt(call.value.setCamera(on))
  }

  async function share(on: boolean): Promise<void> {
    try {
      await call.value?.shareScreen(on)
    } catch (failure) {
      // Who closes the browser's question has decided: that is no fault.
      if (!/NotAllowedError|Permission denied/.test(String((failure as MagpieError).message))) {
        toasts.show('error', '', failureText(failure))
      }
    }
  }

  async function switchDevice(kind: DeviceKind): Promise<void> {
    wantsVideo = wantsVideo || kind === 'video'
    troubles.delete(kind)
    if (call.value) await attempt(call.value.switchDevice(kind))
  }

  async function attempt(work: Promise<unknown>): Promise<void> {
    try {
      await work
    } catch (failure) {
      const { code } = failure as { code?: unknown }
      // The view of the call says these itself.
      if (code !== 'aborted' && view.value === null) toasts.show('error', '', failureText(failure))
    }
  }

  return { isOn, view, own, troubles, isSmall, isGoingOn, invite, accept, end, setMuted, setCamera, share, switchDevice, clear }
})
