// The injected storage with a name space. One that is full or denied is told about once and then done
// without: nothing here ever throws.

import { MagpieError } from './errors.js'
import type { Storage } from './transport.js'

export class Vault {
  private told = false
  private queue: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly storage: Storage | undefined,
    private readonly prefix: string,
    private readonly onError: (error: MagpieError) => void,
  ) {}

  get(key: string): Promise<string | null> {
    return this.step((storage) => storage.get(this.prefix + key), null)
  }

  /** Writes keep their order. */
  set(key: string, value: string): Promise<void> {
    return this.step((storage) => storage.set(this.prefix + key, value), undefined)
  }

  remove(key: string): Promise<void> {
    return this.step((storage) => storage.remove(this.prefix + key), undefined)
  }

  private step<T>(work: (storage: Storage) => T | Promise<T>, otherwise: T): Promise<T> {
    const { storage } = this
    if (!storage) return Promise.resolve(otherwise)
    const done = this.queue.then(async () => {
      try {
        return await work(storage)
      } catch (error) {
        if (!this.told) {
          this.told = true
          this.onError(new MagpieError('storage', `nothing is kept for the next start: ${String(error)}`))
        }
        return otherwise
      }
    })
    this.queue = done
    return done
  }
}

/** What was stored by this or another version; anything else is nothing. */
export function parse<T extends object>(text: string | null): T | null {
  try {
    const value: unknown = text === null ? null : JSON.parse(text)
    return typeof value === 'object' ? (value as T | null) : null
  } catch {
    return null
  }
}
