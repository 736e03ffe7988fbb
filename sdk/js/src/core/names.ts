// Addresses and ids, without the platform's URL and crypto.

/** `https://host/im` and `wss://host/im/v1/ws` name the same server. */
export function addresses(url: string): { socket: string; http: string } {
  const base = url.replace(/\/v1\/ws\/?$/, '').replace(/\/+$/, '')
  const slash = base === '' && !url.startsWith('/') ? '' : '/'
  return { socket: `${base.replace(/^http/, 'ws')}${slash}v1/ws`, http: `${base.replace(/^ws/, 'http')}${slash}` }
}

/** Where the platform has no better one: unique, not secret. */
export function weakId(): string {
  const part = (): string => Math.floor(Math.random() * 0x1_0000_0000).toString(16).padStart(8, '0')
  return part() + part() + part() + part()
}
