// The few HTTP calls of the page itself; everything else goes through the SDK. Addresses are
// relative to the page, so any sub-path works.

import type { User } from 'magpie-im'

export interface ServerInfo {
  name: string
  version: string
  demo: boolean
  dev: boolean
}

export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

/** Where the server is: the page's own folder. */
export function serverUrl(): string {
  return new URL('./', document.baseURI).href
}

async function call<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(new URL(path, document.baseURI), init)
  const body: unknown = await response.json().catch(() => null)
  if (response.ok) return body as T
  const outer = (body ?? {}) as { error?: { code?: string; message?: string }; code?: string; message?: string }
  const error = outer.error ?? outer
  throw new HttpError(response.status, error.code ?? 'http', error.message ?? response.statusText)
}

export function fetchInfo(): Promise<ServerInfo> {
  return call<ServerInfo>('v1/info')
}

/** The demo accounts; a server without them answers 404. */
export async function fetchDemoUsers(): Promise<User[]> {
  return (await call<{ users: User[] }>('v1/demo/users')).users
}

export function demoSignIn(user: string): Promise<{ token: string; user: User }> {
  return call('v1/demo/sign-in', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  })
}
