// Files on their way: picked, previewed, sent up one after the other so that they arrive in order,
// and then sent as messages. They go on while another chat is open, and again when the connection is
// back. Knows no component.

import type { Target } from 'magpie-im'
import type { MediaDescriptor, Uploaded } from 'magpie-im/media'
import { defineStore } from 'pinia'
import { computed, shallowReactive, watch } from 'vue'

import { type ComposerPlace } from '../../app/seams'
import { bodyOf, kindOfType, type MediaKind, plainName } from '../../model/media-kinds'
import { useSession } from '../../stores/session'
import { useMedia } from './media'
import { type Probed, probeImage, probeVideo } from './probe'
import type { Recording } from './recorder'

/** `ready`: picked, waits for "send". `waiting`: in the queue. `paused`: waits for the connection. */
export type UploadState = 'ready' | 'waiting' | 'uploading' | 'paused' | 'failed'

export interface Upload {
  readonly id: number
  readonly place: string
  readonly target: Target & object
  readonly file: File
  readonly name: string
  kind: MediaKind
  /** Address of a local preview; empty: an icon. */
  preview: string
  probed: Probed | null
  /** The browser has looked at it. */
  known: boolean
  state: UploadState
  sent: number
  /** Code of the refusal. */
  error: string
  /** It may succeed if it is tried again. */
  again: boolean
  re: number
}

/** More at once is a slip of the hand. */
export const PICK_MAX = 20
/** Codes after which the same file may go up when the connection is back. */
const LATER = new Set(['disconnected', 'timeout', 'http', 'draining', 'overloaded', 'upload_offset', 'internal', 'storage_unavailable'])

export const placeKey = (target: Target & object): string => JSON.stringify(target)

function isLater(failure: unknown): boolean {
  const { code, retryable } = failure as { code?: unknown; retryable?: unknown }
  return retryable === true || (typeof code === 'string' && LATER.has(code)) || failure instanceof TypeError
}

export const useUploads = defineStore('uploads', () => {
  const session = useSession()
  const media = useMedia()
  const all = shallowReactive<Upload[]>([])
  const abort = new Map<number, AbortController>()
  let nextId = 1
  let running = false

  const isBusy = computed(() => all.length > 0)
  const at = (target: Target & object): Upload[] => all.filter((one) => one.place === placeKey(target))

  function add(files: readonly File[], place: ComposerPlace): number {
    const room = PICK_MAX - at(place.target).length
    const taken = files.slice(0, Math.max(0, room))
    for (const file of taken) void look(push(file, place, kindOfType(file.type)))
    return files.length - taken.length
  }

  function push(file: File, { target }: ComposerPlace, kind: MediaKind): Upload {
    const tooLarge = media.bytesMax > 0 && file.size > media.bytesMax
    const upload = shallowReactive<Upload>({
      id: nextId++,
      place: placeKey(target),
      target,
      file,
      name: plainName(file.name),
      kind,
      preview: '',
      probed: null,
      known: false,
      state: tooLarge ? 'failed' : 'ready',
      sent: 0,
      error: tooLarge ? 'too_large' : '',
      again: false,
      re: 0,
    })
    all.push(upload)
    return upload
  }

  async function look(upload: Upload): Promise<void> {
    const { file } = upload
    const probed = upload.kind === 'image' ? await probeImage(file) : upload.kind === 'video' ? await probeVideo(file) : null
    // Not what its name says, or nothing that browsers show: it goes up as a file, and the server judges it.
    if (upload.kind !== 'file' && !probed) upload.kind = 'file'
    upload.probed = probed
    upload.known = true
    const picture = upload.kind === 'image' ? probed?.preview && file : probed?.poster
    if (picture && all.includes(upload)) upload.preview = URL.createObjectURL(picture)
    void run()
  }

  function addVoice(recording: Recording, place: ComposerPlace): void {
    const upload = push(recording.file, place, 'voice')
    upload.probed = { preview: false, ms: recording.ms, wave: recording.wave }
    upload.known = true
    upload.re = place.takeReply()
    start(upload)
  }

  function start(upload: Upload): void {
    if (upload.state === 'uploading' || (upload.state === 'failed' && !upload.again)) return
    Object.assign(upload, { state: 'waiting', error: '', again: false })
    void run()
  }

  function send(place: ComposerPlace): void {
    let re = place.takeReply()
    for (const upload of at(place.target)) {
      if (upload.state !== 'ready') continue
      upload.re = re
      re = 0
      start(upload)
    }
    place.toEnd()
  }

  function remove(upload: Upload): void {
    abort.get(upload.id)?.abort()
    const index = all.indexOf(upload)
    if (index >= 0) all.splice(index, 1)
    if (upload.preview) URL.revokeObjectURL(upload.preview)
  }

  async function run(): Promise<void> {
    if (running) return
    running = true
    for (;;) {
      const next = all.find((one) => one.state === 'waiting')
      // In order: what is not looked at yet is waited for, and `look` calls again.
      if (!next?.known) break
      await carry(next)
    }
    running = false
  }

  async function carry(upload: Upload): Promise<void> {
    const control = new AbortController()
    abort.set(upload.id, control)
    Object.assign(upload, { state: 'uploading', sent: 0 })
    try {
      const descriptor = await goUp(upload, control.signal)
      if (control.signal.aborted) return
      const local = upload.probed?.poster ?? (upload.kind === 'video' ? null : upload.file)
      if (upload.kind === 'image' || upload.kind === 'voice') media.keepCopy(descriptor.id, upload.file)
      if (upload.kind === 'video' && local && descriptor.poster) media.keepCopy(descriptor.poster.id, local)
      const body = bodyOf(upload.kind, descriptor)
      session.required().send(upload.target, body, upload.re > 0 ? { re: upload.re } : {})
      remove(upload)
    } catch (failure) {
      if (control.signal.aborted || !all.includes(upload)) return
      const { code } = failure as { code?: unknown }
      const later = isLater(failure)
      upload.error = typeof code === 'string' ? code : later ? 'disconnected' : 'internal'
      upload.again = later
      upload.state = later && !session.status.synced ? 'paused' : 'failed'
    } finally {
      abort.delete(upload.id)
    }
  }

  async function goUp(upload: Upload, signal: AbortSignal): Promise<MediaDescriptor> {
    const { file, name, probed, kind } = upload
    if (!media.media) throw Object.assign(new Error('no session'), { code: 'closed' })
    const up = media.media
    const still = probed?.poster
    const poster = still ? await up.upload(still, { name: 'poster.jpg', use: 'poster', signal }) : null
    const done: Uploaded = await up.upload(file, {
      name,
      use: 'message',
      signal,
      ...((kind === 'voice' || kind === 'video') && probed?.ms && { ms: probed.ms }),
      ...(probed?.wave && { wave: probed.wave }),
      ...(poster && { poster: poster.id }),
      onProgress: (sent) => (upload.sent = sent),
    })
    // The server compares what a message carries with what it has: nothing is added to it.
    delete done.avatar
    return done
  }

  watch(
    () => session.status.synced,
    (synced) => {
      if (!synced) return
      for (const upload of all) if (upload.state === 'paused') start(upload)
    },
  )
  watch(
    () => session.client,
    () => {
      for (const upload of [...all]) remove(upload)
    },
    { flush: 'sync' },
  )

  return { all, isBusy, at, add, addVoice, start, send, remove }
})
