// Typed events. A listener that throws does not keep the others from being told.

export class Emitter<E extends object> {
  private readonly listeners = new Map<keyof E, Set<(value: never) => void>>()

  /** Returns what takes the listener away again. */
  on<K extends keyof E>(event: K, fn: (value: E[K]) => void): () => void {
    let set = this.listeners.get(event)
    if (!set) this.listeners.set(event, (set = new Set()))
    // A function that listens twice is two listeners.
    const own = (value: E[K]): void => fn(value)
    set.add(own)
    return () => void set.delete(own)
  }

  emit<K extends keyof E>(event: K, value: E[K]): void {
    for (const fn of [...(this.listeners.get(event) ?? [])]) {
      try {
        ;(fn as (value: E[K]) => void)(value)
      } catch (error) {
        // The fault is the app's: it comes up there, where it does not disturb the frame in hand.
        setTimeout(() => {
          throw error
        })
      }
    }
  }
}

/** Runs `fn` once after the current step, however often it is asked for. */
export function coalesce(fn: () => void): () => void {
  let due = false
  return () => {
    if (due) return
    due = true
    void Promise.resolve().then(() => {
      due = false
      fn()
    })
  }
}
