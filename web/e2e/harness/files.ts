// Files for tests, made here: pictures, and what tries to pass for one.
import { deflateSync, crc32 } from 'node:zlib'

import type { Page } from '@playwright/test'

import type { Person } from './person'

export interface TestFile {
  name: string
  mimeType: string
  buffer: Buffer
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const head = Buffer.alloc(4)
  head.writeUInt32BE(data.length)
  const tail = Buffer.alloc(4)
  tail.writeUInt32BE(crc32(body))
  return Buffer.concat([head, body, tail])
}

/** `claims`: what the header says, where the pixels do not have to be there. */
export function png(width: number, height: number, claims = { width, height }): Buffer {
  const row = Buffer.alloc(1 + width * 3)
  for (let x = 0; x < width; x++) row.set([(x * 255) / width, 120, 200], 1 + x * 3)
  const head = Buffer.alloc(13)
  head.writeUInt32BE(claims.width, 0)
  head.writeUInt32BE(claims.height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))
  const sign = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([sign, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))])
}

export const picture = (name: string, width = 320, height = 200): TestFile => ({ name, mimeType: 'image/png', buffer: png(width, height) })

const SCRIPT = '<script>document.title="taken over"</script>'

/** What a server must not take as what it says it is. */
export const REFUSED: readonly TestFile[] = [
  { name: 'bomb.png', mimeType: 'image/png', buffer: png(8, 8, { width: 50_000, height: 50_000 }) },
]

/** A page under the name of a picture: a file that is only ever saved. */
export const PAGE_AS_PICTURE: TestFile = {
  name: 'page.jpg',
  mimeType: 'image/jpeg',
  buffer: Buffer.from(`<!doctype html><html>${SCRIPT}</html>`),
}

/** Names that pretend, with what is shown of them. */
export const NAMES: readonly [name: string, shown: string][] = [
  ['..\\..\\evil.txt', 'evil.txt'],
  ['invoice\u202Efdp.txt', 'invoicefdp.txt'],
]

/** Two seconds of moving colour, as this browser records it. */
export async function recordVideo(page: Page): Promise<TestFile> {
  const bytes = await page.evaluate(async () => {
    const canvas = document.createElement('canvas')
    canvas.width = 320
    canvas.height = 180
    const context = canvas.getContext('2d')
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm;codecs=vp8' })
    const parts: Blob[] = []
    recorder.ondataavailable = ({ data }) => parts.push(data)
    const ended = new Promise((done) => (recorder.onstop = done))
    recorder.start()
    for (let frame = 0; frame < 40 && context; frame++) {
      context.fillStyle = `hsl(${frame * 9} 70% 50%)`
      context.fillRect(0, 0, 320, 180)
      await new Promise((done) => setTimeout(done, 50))
    }
    recorder.stop()
    await ended
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())]
  })
  return { name: 'film.webm', mimeType: 'video/webm', buffer: Buffer.from(bytes) }
}

/** Chooses files with a tool of the composer; paths are read from the disk. */
export async function pick({ page }: Person, files: (TestFile | string)[], tool = 'tool-file'): Promise<void> {
  await page.getByTestId('composer-tools').click()
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByTestId(tool).click()])
  await chooser.setFiles(files as TestFile[])
}

/** Holds a file over the open chat, drops it there, or pastes it: the event that a browser would send. */
export async function give(page: Page, how: 'dragenter' | 'drop' | 'paste', file: TestFile): Promise<void> {
  await page.evaluate(
    ({ event, name, type, bytes }) => {
      const data = new DataTransfer()
      data.items.add(new File([new Uint8Array(bytes)], name, { type }))
      const options = { bubbles: true, cancelable: true }
      const given =
        event === 'paste'
          ? new ClipboardEvent(event, { ...options, clipboardData: data })
          : new DragEvent(event, { ...options, dataTransfer: data })
      document.querySelector('section.chat')?.dispatchEvent(given)
    },
    { event: how, name: file.name, type: file.mimeType, bytes: [...file.buffer] },
  )
}
