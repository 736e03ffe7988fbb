// Starts the page.

import { createApp } from 'vue'

import App from './app/App.vue'
import './ui/tokens.css'
import './ui/base.css'

createApp(App).mount('#app')
