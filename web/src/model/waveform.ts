// The shape of a sound as bars from 0 to 100, for drawing a voice message. Pure.

export const BARS = 64

/** Loudness of equal parts, the loudest part being 100; silence is all zeros. */
export function waveOf(samples: Float32Array, bars = BARS): number[] {
  if (samples.length === 0) return []
  const count = Math.min(bars, samples.length)
  const loud = Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * samples.length) / count)
    const to = Math.max(from + 1, Math.floor(((bar + 1) * samples.length) / count))
    let sum = 0
    for (let index = from; index < to; index++) sum += (samples[index] ?? 0) ** 2
    return Math.sqrt(sum / (to - from))
  })
  return scaled(loud)
}

/** The same from the meter's levels, for a browser that cannot decode what it recorded. */
export function waveOfLevels(levels: readonly number[], bars = BARS): number[] {
  return waveOf(Float32Array.from(levels), bars)
}

// Below this the "loudest part" is the noise of the line and must not be drawn as a voice.
const SILENCE = 0.002

function scaled(loud: number[]): number[] {
  const most = Math.max(...loud)
  if (most < SILENCE) return loud.map(() => 0)
  // The ear hears ratios: a square root keeps quiet speech visible beside a loud word.
  return loud.map((value) => Math.round(Math.sqrt(value / most) * 100))
}

/** A shape with another number of bars, for narrow bubbles; never invents a peak. */
export function resampled(wave: readonly unknown[], bars: number): number[] {
  const clean = wave.map((value) => (typeof value === 'number' ? Math.min(100, Math.max(0, value)) : 0))
  if (clean.length === 0) return Array.from({ length: bars }, () => 0)
  return Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor((bar * clean.length) / bars)
    const to = Math.max(from + 1, Math.floor(((bar + 1) * clean.length) / bars))
    return Math.max(...clean.slice(from, to))
  })
}

/** Root mean square of one block, 0 to 1: what a level meter shows. */
export function levelOf(block: Float32Array): number {
  let sum = 0
  for (const sample of block) sum += sample * sample
  return block.length === 0 ? 0 : Math.sqrt(sum / block.length)
}
