// Public types of the entry `magpie-im/media`.

import type { AbortSignalLike } from '../core/transport.js'
import type { MediaInfo } from '../protocol.gen.js'

/** What a message carries of an uploaded file, unchanged: `{k:'image', x:'[图片]', media: DESCRIPTOR}`. */
export type MediaDescriptor = MediaInfo

export interface UploadOptions {
  name?: string
  use?: 'message' | 'poster' | 'avatar'
  /** Length of a voice or video message, and the shape of its sound (0 to 100, at most 64). */
  ms?: number
  wave?: readonly number[]
  /** Media id of the first picture of a video. */
  poster?: string
  onProgress?: (sent: number, total: number) => void
  signal?: AbortSignalLike
}

export interface Uploaded extends MediaDescriptor {
  /** With `use: 'avatar'`: what `setProfile` takes. */
  avatar?: string
}

export interface MediaLink {
  id: string
  /** Absolute. */
  url: string
  thumb?: string
  /** Server's clock, ms. */
  expires: number
}

export interface Media {
  /** Largest file the server takes; 0 = it takes none. */
  readonly bytesMax: number
  /** Goes on where it was after a broken line. `file`: Blob, File, bytes, or a path in a mini-program. */
  upload(file: unknown, options?: UploadOptions): Promise<Uploaded>
  /** Addresses to show files; cached until shortly before they expire. Ids without access are missing. */
  links(ids: readonly string[]): Promise<Map<string, MediaLink>>
  link(id: string): Promise<MediaLink | null>
  /** The address that makes the browser save the file. */
  downloadUrl(link: MediaLink): string
}
