import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, posix } from 'node:path'

/** What a page has to be served with to share memory. */
const ISOLATING = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
import * as scenes from '/test/ipc/ring/browser/scenes.js'
globalThis.scenes = scenes
</script>`

/** Serves the modules below a folder, `/` as an isolated page with the scenes, and `/alone` without the headers for that. */
export async function serve(root: string): Promise<{ at: string; server: Server }> {
  const server = createServer(async ({ url = '/' }, response) => {
    const path = posix.normalize(new URL(url, 'http://here').pathname)
    const headers = path === '/alone' ? {} : ISOLATING
    if (!path.endsWith('.js'))
      return void response.writeHead(200, { 'Content-Type': 'text/html', ...headers }).end(PAGE)
    try {
      const text = await readFile(join(root, path), 'utf8')
      response.writeHead(200, { 'Content-Type': 'text/javascript', ...headers }).end(bundled(text))
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, at: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } // it listens by TCP
}

/** A worker knows no import map, and no package. */
const bundled = (text: string): string => text.replaceAll("'ipclab/ring'", "'/ipc/ring/index.js'")
