// Starts the page.

import { createPinia } from 'pinia'
import { createApp } from 'vue'

import App from './app/App.vue'
import { i18n } from './app/i18n'
import { keepPageForOffline } from './app/offline'
import { startFeatures } from './features/register'
import './ui/tokens.css'
import './ui/base.css'

const app = createApp(App).use(createPinia()).use(i18n)
startFeatures()
app.mount('#app')
keepPageForOffline()
