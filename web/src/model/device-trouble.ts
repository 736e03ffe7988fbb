// Why a microphone or a camera cannot be had, by the name of the browser's error.

export type Trouble = '' | 'refused' | 'missing' | 'taken' | 'unsupported' | 'short' | 'failed'

export function troubleOf(failure: unknown): Trouble {
  const name = (failure as { name?: unknown } | null)?.name
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing'
  if (name === 'NotReadableError' || name === 'AbortError') return 'taken'
  return name === 'TypeError' || name === 'NotSupportedError' ? 'unsupported' : 'failed'
}
