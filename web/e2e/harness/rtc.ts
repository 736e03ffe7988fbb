// What two pages really send each other in a call, counted by the browser; and the ways to disturb it.
import { expect, type Page } from '@playwright/test'

interface Hooks {
  magpiePeers: RTCPeerConnection[]
  magpieSockets: WebSocket[]
}

/** Before the page loads. `relayOnly`: nothing goes but through TURN. */
export async function watchRtc(page: Page, relayOnly = false): Promise<void> {
  await page.addInitScript((relay) => {
    const hooks = window as unknown as Hooks
    hooks.magpiePeers = []
    hooks.magpieSockets = []
    const Peer = RTCPeerConnection
    window.RTCPeerConnection = class extends Peer {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, ...(relay && { iceTransportPolicy: 'relay' as const }) })
        hooks.magpiePeers.push(this)
      }

      override setConfiguration(configuration: RTCConfiguration): void {
        super.setConfiguration({ ...configuration, ...(relay && { iceTransportPolicy: 'relay' as const }) })
      }
    }
    const Socket = WebSocket
    window.WebSocket = class extends Socket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols)
        hooks.magpieSockets.push(this)
      }
    }
  }, relayOnly)
}

export interface Traffic {
  framesIn: number
  framesOut: number
  videoBytesIn: number
  audioBytesIn: number
  audioBytesOut: number
  /** How the chosen pair goes: `host`, `relay`, ... */
  way: string
  iceUser: string
}

export function traffic(page: Page): Promise<Traffic> {
  return page.evaluate(async () => {
    const peer = (window as unknown as Hooks).magpiePeers.at(-1)
    const found = { framesIn: 0, framesOut: 0, videoBytesIn: 0, audioBytesIn: 0, audioBytesOut: 0, way: '', iceUser: '' }
    if (!peer) return found
    found.iceUser = /a=ice-ufrag:(\S+)/.exec(peer.localDescription?.sdp ?? '')?.[1] ?? ''
    const reports = new Map<string, any>() // eslint-disable-line @typescript-eslint/no-explicit-any
    ;(await peer.getStats()).forEach((report, id) => reports.set(id, report))
    for (const report of reports.values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'video') {
        found.framesIn = report.framesDecoded ?? 0
        found.videoBytesIn = report.bytesReceived
      } else if (report.type === 'inbound-rtp') found.audioBytesIn = report.bytesReceived
      else if (report.type === 'outbound-rtp' && report.kind === 'video') found.framesOut = report.framesEncoded ?? 0
      else if (report.type === 'outbound-rtp') found.audioBytesOut = report.bytesSent
      else if (report.type === 'candidate-pair' && report.nominated && report.state === 'succeeded') {
        found.way = reports.get(report.localCandidateId)?.candidateType ?? ''
      }
    }
    return found
  })
}

/** More frames and more sound than `before` came in: it goes on. */
export async function expectFlowing(page: Page, before: Traffic, frames = 20): Promise<Traffic> {
  await expect
    .poll(async () => {
      const now = await traffic(page)
      return now.framesIn >= before.framesIn + frames && now.audioBytesIn > before.audioBytesIn + 500
    }, 'frames and sound come in')
    .toBe(true)
  return traffic(page)
}

export const NOTHING: Traffic = { framesIn: 0, framesOut: 0, videoBytesIn: 0, audioBytesIn: 0, audioBytesOut: 0, way: '', iceUser: '' }

/** The line to the server breaks, as when a phone changes its network. */
export async function cutSockets(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const socket of (window as unknown as Hooks).magpieSockets.splice(0)) socket.close()
  })
}

export async function restartIce(page: Page): Promise<void> {
  await page.evaluate(() => (window as unknown as Hooks).magpiePeers.at(-1)?.restartIce())
}

/** What a browser says that has no such device, or may not use it. */
export async function refuseDevices(page: Page, kinds: readonly ('audio' | 'video')[], name: string): Promise<void> {
  await page.addInitScript(
    ([refused, error]) => {
      const media = navigator.mediaDevices
      const real = media.getUserMedia.bind(media)
      media.getUserMedia = (wishes) => {
        const isRefused = refused.some((kind) => wishes?.[kind as 'audio'])
        return isRefused ? Promise.reject(new DOMException('no', error)) : real(wishes)
      }
    },
    [[...kinds], name] as const,
  )
}
