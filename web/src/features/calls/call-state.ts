// What a call's view says in words: its state, how long it lasts, what this device could not give.

import type { CallView } from 'magpie-im/calls'
import { computed, type ComputedRef, onBeforeUnmount, ref } from 'vue'

import { errorText, t, type TextKey } from '../../app/i18n'
import { endKey } from '../../model/call-words'
import { clockText } from '../../model/media-kinds'
import { useSession } from '../../stores/session'
import { useCalls } from './calls'

const TICK_MS = 500

export interface CallState {
  words: ComputedRef<string>
  /** The state is trouble, not progress. */
  isTrouble: ComputedRef<boolean>
  /** One sentence about devices; empty when all is well. */
  devices: ComputedRef<string>
}

export function useCallState(view: () => CallView): CallState {
  const session = useSession()
  const calls = useCalls()
  const now = (): number => session.client?.now ?? Date.now()
  const nowMs = ref(now())
  const timer = setInterval(() => (nowMs.value = now()), TICK_MS)
  onBeforeUnmount(() => clearInterval(timer))

  function ended({ why, answered, ended: endedMs, error, direction }: CallView): string {
    // The server's refusal says more than "failed".
    if (why === 'failed' && error && error.code !== 'call_failed') return errorText(error.code)
    if (why === 'lost') return t('callend.lost')
    const ms = answered > 0 ? Math.max(1, endedMs - answered) : 0
    return t(endKey({ why, ms }, direction === 'out'), { time: clockText(ms) })
  }

  const words = computed(() => {
    const current = view()
    switch (current.state) {
      case 'ringing-out':
        return current.c === '' ? t('call.starting') : t('call.ringing')
      case 'connecting':
      case 'ringing-in':
        return t('call.connecting')
      case 'reconnecting':
        return t('call.reconnecting')
      case 'active':
        return clockText(nowMs.value - current.answered)
      default:
        return ended(current)
    }
  })
  const isTrouble = computed(() => {
    const { state, why } = view()
    return state === 'reconnecting' || (state === 'ended' && ['failed', 'lost', 'busy'].includes(why))
  })
  const devices = computed(() => {
    if (view().state === 'ended') return ''
    const say = (kind: 'audio' | 'video'): string => {
      const trouble = calls.troubles.get(kind)
      return trouble ? t(`call.${kind}_${trouble}` as TextKey) : ''
    }
    return [say('audio'), say('video')].filter(Boolean).join(' ')
  })
  return { words, isTrouble, devices }
}
