// Time as the SDK uses it: the server's clock carried on by a clock that only runs forward, so that
// a device whose own clock is wrong, or is set while the app runs, changes nothing.

export class Clock {
  private base = 0
  /** The server has told its time. */
  known = false

  constructor(readonly monotonicMs: () => number) {}

  /** Server's Unix time in ms; a guess from the device until it is known. */
  get now(): number {
    return this.known ? Math.round(this.base + this.monotonicMs()) : Date.now()
  }

  set(serverMs: number): void {
    this.base = serverMs - this.monotonicMs()
    this.known = true
  }
}
