import { AsyncLocalStorage } from 'node:async_hooks'

/** Knows whether the running code is inside the work of an open transaction, however deep. */
export class OpenWork {
  readonly #storage = new AsyncLocalStorage<{ open: boolean }>()

  async run<T>(work: () => Promise<T>): Promise<T> {
    const state = { open: true }
    try {
      return await this.#storage.run(state, work)
    } finally {
      state.open = false
    }
  }

  /** @throws {Error} inside open work, where waiting for the writer's turn would never end */
  refuse(what: string): void {
    if (this.#storage.getStore()?.open)
      throw new Error(`${what} inside a transaction would wait for itself: use the connection that the transaction's work was given`)
  }
}
