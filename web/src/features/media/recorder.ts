// Records a voice message: asks for the microphone, shows its level, ends by itself after a minute.
// The recording is kept as the browser made it.

import { reactive } from 'vue'

import { type Trouble, troubleOf } from '../../model/device-trouble'
import { levelOf, waveOfLevels } from '../../model/waveform'
import { probeVoice } from './probe'

/** The longest voice message. */
export const VOICE_MS_MAX = 60_000
/** Shorter ones are slips of the finger. */
const VOICE_MS_MIN = 600
const LEVEL_MS = 60
const LEVELS_SHOWN = 48

const TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus']

export interface Recording {
  file: File
  ms: number
  wave: number[]
}

export interface RecorderView {
  state: 'idle' | 'asking' | 'recording' | 'finishing'
  ms: number
  /** The last levels, 0 to 1, newest at the end. */
  levels: number[]
  trouble: Trouble
}

export class VoiceRecorder {
  readonly view = reactive<RecorderView>({ state: 'idle', ms: 0, levels: [], trouble: '' })
  private stream: MediaStream | null = null
  private recorder: MediaRecorder | null = null
  private context: AudioContext | null = null
  private timer: ReturnType<typeof setInterval> | undefined
  private readonly chunks: Blob[] = []
  private allLevels: number[] = []
  private startedMs = 0
  private cancelled = false

  /** `onFull`: the longest length is reached. */
  constructor(private readonly onFull: () => void) {}

  async start(): Promise<boolean> {
    const { view } = this
    Object.assign(view, { state: 'asking', trouble: '', ms: 0, levels: [] })
    this.cancelled = false
    try {
      // Pages without https have no devices at all.
      if (!('mediaDevices' in navigator) || typeof MediaRecorder === 'undefined') throw new TypeError('no recorder')
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } })
      if (this.cancelled) {
        for (const track of stream.getTracks()) track.stop()
        return false
      }
      this.begin(stream)
      return true
    } catch (failure) {
      view.trouble = troubleOf(failure)
      this.release()
      return false
    }
  }

  private begin(stream: MediaStream): void {
    this.stream = stream
    const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one))
    const recorder = new MediaRecorder(stream, { ...(type && { mimeType: type }), audioBitsPerSecond: 32_000 })
    this.recorder = recorder
    this.chunks.length = 0
    this.allLevels = []
    recorder.addEventListener('dataavailable', ({ data }) => this.chunks.push(data))
    recorder.start()
    this.startedMs = performance.now()
    this.view.state = 'recording'
    this.meter(stream)
  }

  private meter(stream: MediaStream): void {
    const context = new AudioContext()
    this.context = context
    const analyser = context.createAnalyser()
    analyser.fftSize = 1024
    context.createMediaStreamSource(stream).connect(analyser)
    const block = new Float32Array(analyser.fftSize)
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(block)
      const level = Math.min(1, levelOf(block) * 3)
      this.allLevels.push(level)
      this.view.levels = this.allLevels.slice(-LEVELS_SHOWN)
      this.view.ms = performance.now() - this.startedMs
      if (this.view.ms >= VOICE_MS_MAX && this.view.state === 'recording') this.onFull()
    }, LEVEL_MS)
  }

  /** Ends the recording; null when it was too short. */
  async finish(): Promise<Recording | null> {
    const { recorder, view } = this
    if (!recorder || view.state !== 'recording') return null
    view.state = 'finishing'
    const measured = performance.now() - this.startedMs
    const stopped = new Promise((done) => recorder.addEventListener('stop', done, { once: true }))
    recorder.stop()
    await stopped
    const type = recorder.mimeType || 'audio/webm'
    const blob = new Blob(this.chunks, { type })
    const levels = this.allLevels
    this.release()
    if (this.cancelled) return null
    if (measured < VOICE_MS_MIN || blob.size === 0) {
      view.trouble = 'short'
      return null
    }
    const probed = await probeVoice(blob)
    const ending = type.includes('mp4') ? 'm4a' : type.includes('ogg') ? 'ogg' : 'webm'
    const file = new File([blob], `voice-${Math.round(measured / 1000)}s.${ending}`, { type: type.split(';')[0] ?? type })
    const ms = Math.min(probed?.ms ?? Math.round(measured), VOICE_MS_MAX)
    return { file, ms, wave: probed?.wave ?? waveOfLevels(levels) }
  }

  cancel(): void {
    this.cancelled = true
    if (this.recorder?.state === 'recording') this.recorder.stop()
    this.release()
  }

  private release(): void {
    clearInterval(this.timer)
    for (const track of this.stream?.getTracks() ?? []) track.stop()
    void this.context?.close()
    this.stream = null
    this.recorder = null
    this.context = null
    this.view.state = 'idle'
  }
}
