// Sounds that the page makes itself, without files: a short tone for a message, a ring for calls.

let context: AudioContext | null = null

/** Browsers are silent until somebody has touched the page; that is no fault. */
async function running(): Promise<AudioContext | null> {
  if (!navigator.userActivation.hasBeenActive) return null
  try {
    context ??= new AudioContext()
    if (context.state === 'suspended') {
      // Without a touch this waits for ever: a sound that comes later would be wrong.
      await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 200))])
    }
    return (context.state as string) === 'running' ? context : null
  } catch {
    return null
  }
}

interface Tone {
  hz: number
  atS: number
  forS: number
  loud: number
}

function play(on: AudioContext, tones: readonly Tone[]): void {
  for (const { hz, atS, forS, loud } of tones) {
    const source = on.createOscillator()
    const volume = on.createGain()
    const from = on.currentTime + atS
    source.frequency.value = hz
    source.type = 'sine'
    volume.gain.setValueAtTime(0, from)
    volume.gain.linearRampToValueAtTime(loud, from + 0.015)
    volume.gain.exponentialRampToValueAtTime(0.0001, from + forS)
    source.connect(volume).connect(on.destination)
    source.start(from)
    source.stop(from + forS + 0.02)
  }
}

const MESSAGE: Tone[] = [
  { hz: 880, atS: 0, forS: 0.16, loud: 0.1 },
  { hz: 1318.5, atS: 0.09, forS: 0.28, loud: 0.08 },
]
const RING: Tone[] = [0, 0.32, 0.64].flatMap((atS, index) => [
  { hz: [659.3, 784, 987.8][index] ?? 784, atS, forS: 0.3, loud: 0.14 },
  { hz: ([659.3, 784, 987.8][index] ?? 784) * 2, atS, forS: 0.2, loud: 0.03 },
])
const RINGBACK: Tone[] = [{ hz: 425, atS: 0, forS: 1, loud: 0.06 }]
const RING_EVERY_MS = 2_400
const RINGBACK_EVERY_MS = 4_000

export async function playMessage(): Promise<void> {
  const on = await running()
  if (on) play(on, MESSAGE)
}

/** Rings until the returned function is called. */
export function ring(which: 'incoming' | 'outgoing'): () => void {
  const tones = which === 'incoming' ? RING : RINGBACK
  let stopped = false
  const once = (): void =>
    void running().then((on) => {
      if (on && !stopped) play(on, tones)
    })
  once()
  const timer = setInterval(once, which === 'incoming' ? RING_EVERY_MS : RINGBACK_EVERY_MS)
  return () => {
    stopped = true
    clearInterval(timer)
  }
}
