// Which component draws the inside of a bubble: the known kinds here, those of other features from
// the seams; an unknown kind is drawn by its text.

import type { Component } from 'vue'

import { seams } from '../../../app/seams'
import CardBody from './CardBody.vue'
import CustomBody from './CustomBody.vue'
import LocationBody from './LocationBody.vue'
import TextBody from './TextBody.vue'

const KNOWN: Readonly<Record<string, Component>> = {
  text: TextBody,
  card: CardBody,
  location: LocationBody,
  custom: CustomBody,
}

export function bubbleOf(kind: string): Component {
  return seams.bubbles.get(kind) ?? (Object.hasOwn(KNOWN, kind) ? (KNOWN[kind] ?? TextBody) : TextBody)
}
