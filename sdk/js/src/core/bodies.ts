// The body of a message from what an app hands in: a text alone is enough.

import type { Body } from '../protocol.gen.js'

export function bodyOf(body: string | Body, re?: number): Body {
  const made = typeof body === 'string' ? { k: 'text', x: body } : body
  return re === undefined ? made : { ...made, re }
}
