// Many changes within one frame are shown once. A hidden page draws nothing: there a timer is used,
// because browsers hold back frames.

export interface Coalesced<T> {
  (value: T): void
  cancel(): void
}

const HIDDEN_MS = 250

export function coalesced<T>(show: (latest: T) => void): Coalesced<T> {
  let cancelPlanned: (() => void) | null = null
  let latest: T
  const run = (): void => {
    cancelPlanned = null
    show(latest)
  }
  const take = (value: T): void => {
    latest = value
    if (cancelPlanned) return
    if (document.hidden) {
      const timer = setTimeout(run, HIDDEN_MS)
      cancelPlanned = () => clearTimeout(timer)
    } else {
      // A page that is hidden between this and the next frame would wait for ever: the timer is the net.
      const timer = setTimeout(() => finish(), HIDDEN_MS)
      const frame = requestAnimationFrame(() => finish())
      const stop = (): void => {
        clearTimeout(timer)
        cancelAnimationFrame(frame)
      }
      const finish = (): void => {
        stop()
        run()
      }
      cancelPlanned = stop
    }
  }
  take.cancel = (): void => {
    cancelPlanned?.()
    cancelPlanned = null
  }
  return take
}
