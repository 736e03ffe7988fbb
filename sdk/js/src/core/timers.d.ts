// The only things of a platform that the core may use. Everything else comes through the transport.

declare function setTimeout(fn: () => void, ms?: number): number
declare function clearTimeout(timer: number | undefined): void
