// A square cut out of a picture that is moved and zoomed behind a square frame. Pure.

export interface Crop {
  /** 1 = the shorter side fills the frame. */
  zoom: number
  /** How far the picture's middle is from the frame's, in pixels of the page. */
  x: number
  y: number
}

export const ZOOM_MAX = 4

interface Size {
  w: number
  h: number
}

function scaleOf({ zoom }: Crop, { w, h }: Size, framePx: number): number {
  return (framePx / Math.min(w, h)) * zoom
}

/** The frame is always filled: a picture cannot be moved out of it. */
export function clampedCrop(crop: Crop, size: Size, framePx: number): Crop {
  const zoom = Math.min(ZOOM_MAX, Math.max(1, crop.zoom))
  if (size.w <= 0 || size.h <= 0) return { zoom, x: 0, y: 0 }
  const scale = scaleOf({ ...crop, zoom }, size, framePx)
  const room = (length: number): number => Math.max(0, (length * scale - framePx) / 2)
  const within = (value: number, most: number): number => Math.min(most, Math.max(-most, value))
  return { zoom, x: within(crop.x, room(size.w)), y: within(crop.y, room(size.h)) }
}

/** The part of the picture that is in the frame, in its own pixels. */
export function cropSource(crop: Crop, size: Size, framePx: number): { left: number; top: number; side: number } {
  const scale = scaleOf(crop, size, framePx)
  const side = framePx / scale
  return { left: size.w / 2 - crop.x / scale - side / 2, top: size.h / 2 - crop.y / scale - side / 2, side }
}
