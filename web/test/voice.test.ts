import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { ComposerPlace } from '../src/app/seams'
import UploadTray from '../src/features/media/UploadTray.vue'
import { begin, cancel, isRecording, recorder } from '../src/features/media/voice'
import { C } from './fake-client'

const place: ComposerPlace = { target: { c: C }, takeReply: () => 0, toEnd: vi.fn() }
const microphones = { on: 0, opened: 0 }

class FakeRecorder {
  static isTypeSupported = (): boolean => true
  state = 'recording'
  addEventListener = vi.fn()
  start = vi.fn()
  stop = vi.fn()
}

class FakeContext {
  createAnalyser = (): object => ({ getFloatTimeDomainData: vi.fn() })
  createMediaStreamSource = (): object => ({ connect: vi.fn() })
  close = vi.fn()
}

beforeEach(() => {
  setActivePinia(createPinia())
  Object.assign(microphones, { on: 0, opened: 0 })
  const getUserMedia = async (): Promise<object> => {
    microphones.on++
    microphones.opened++
    return { getTracks: () => [{ stop: () => microphones.on-- }] }
  }
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } })
  vi.stubGlobal('MediaRecorder', FakeRecorder)
  vi.stubGlobal('AudioContext', FakeContext)
})
afterEach(() => {
  cancel()
  vi.unstubAllGlobals()
})

describe('the microphone', () => {
  it('is opened once, however often one presses before it is there', async () => {
    await Promise.all([begin(place), begin(place), begin(place)])
    expect(microphones).toEqual({ on: 1, opened: 1 })
    expect(isRecording.value).toBe(true)
  })

  it('is not opened after the chat was left, and off once it was', async () => {
    const composer = mount(UploadTray, { props: { place } })
    const begun = begin(place)
    composer.unmount()
    await begun
    expect(microphones.opened).toBe(0)
    await begin(place)
    cancel()
    expect(microphones).toEqual({ on: 0, opened: 1 })
    expect(recorder.value).toBeNull()
  })
})
