// The one voice message that is being recorded, and for which chat.

import { computed, markRaw, ref, shallowRef } from 'vue'

import type { ComposerPlace } from '../../app/seams'
import { stopAll } from './playback'
import type { VoiceRecorder } from './recorder'

export const recorder = shallowRef<VoiceRecorder | null>(null)
export const isRecording = computed(() => recorder.value !== null && recorder.value.view.state !== 'idle')
/** A finger holds the button: letting go sends, sliding away cancels. */
export const held = ref<'' | 'send' | 'cancel'>('')
/** The button beside the field is there; once something is typed it is not. */
export const isButtonShown = ref(false)
let place: ComposerPlace | null = null
/** Counts what began and what was cancelled: of two presses, and of one that was left, no microphone stays on. */
let turn = 0

export async function begin(where: ComposerPlace): Promise<void> {
  if (isRecording.value) return
  const mine = ++turn
  place = where
  const { VoiceRecorder } = await import('./recorder')
  if (mine !== turn) return
  // A voice that plays would be recorded too.
  stopAll()
  const made = markRaw(new VoiceRecorder(() => void finish()))
  recorder.value = made
  await made.start()
}

export async function finish(): Promise<void> {
  const [made, where] = [recorder.value, place]
  held.value = ''
  const recording = await made?.finish()
  if (!recording || !where) return
  recorder.value = null
  const { useUploads } = await import('./uploads')
  useUploads().addVoice(recording, where)
  where.toEnd()
}

export function cancel(): void {
  turn++
  held.value = ''
  recorder.value?.cancel()
  recorder.value = null
}
