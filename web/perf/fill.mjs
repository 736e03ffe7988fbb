// Fills a conversation before the measurements, over sockets that are kept: several times what `fetch` does.
import { Agent, request } from 'node:http'

const PARALLEL = 48

export async function fill(origin, apiKey, bodies) {
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL })
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  const send = (body) =>
    new Promise((done, fail) => {
      const sent = request(`${origin}/v1/messages`, { method: 'POST', headers, agent }, (response) => {
        response.resume()
        response.on('end', () => (response.statusCode < 300 ? done() : fail(new Error(`a message was answered with ${response.statusCode}`))))
      })
      sent.on('error', fail)
      sent.end(JSON.stringify(body))
    })
  const work = async () => {
    for (const body of bodies) await send(body)
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  agent.destroy()
}
