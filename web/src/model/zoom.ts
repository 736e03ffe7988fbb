// Zoom and place of a picture around the middle of its stage. Pure.

export interface Zoom {
  scale: number
  x: number
  y: number
}

export const SCALE_MAX = 8

/** `at` is counted from the middle of the stage and stays over the same spot of the picture. */
export function zoomedAt(zoom: Zoom, factor: number, at: { x: number; y: number }): Zoom {
  const scale = Math.min(SCALE_MAX, Math.max(1, zoom.scale * factor))
  // Back at its own size a picture stands in the middle again.
  if (scale === 1) return { scale, x: 0, y: 0 }
  const ratio = scale / zoom.scale
  return { scale, x: at.x - (at.x - zoom.x) * ratio, y: at.y - (at.y - zoom.y) * ratio }
}

type Point = Readonly<{ x: number; y: number }>

/** How much two fingers went apart while one of them moved. */
export function pinched(still: Point, before: Point, now: Point): number {
  const distance = (a: Point, b: Point): number => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y))
  return distance(still, now) / distance(still, before)
}
