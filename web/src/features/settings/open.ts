// Whether the settings are open, and on which page; the dialog itself comes with its own chunk.

import { ref } from 'vue'

export type SettingsPage = 'general' | 'profile' | 'devices' | 'about'

export const openPage = ref<SettingsPage | null>(null)
