/** As much of a page, and of a worker of its own, as is needed here: the types of the repository are Node's. */

export interface WebWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: ((event: { readonly message: string }) => void) | null
  postMessage(message: unknown): void
  terminate(): void
}

interface Locks {
  request(name: string, options: { readonly ifAvailable?: boolean }, held: () => Promise<unknown>): Promise<unknown>
}

interface Web {
  readonly Worker: new (script: URL, options: { readonly type: 'module' }) => WebWorker
  readonly navigator: { readonly locks: Locks }
  onmessage: WebWorker['onmessage']
  postMessage(message: unknown): void
}

export const web = globalThis as unknown as Web
