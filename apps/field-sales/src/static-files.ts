import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'

const FILES = { 'style.css': 'text/css', 'combobox.js': 'text/javascript', 'icon.svg': 'image/svg+xml' } as const

/** The few files that a browser needs besides the pages, read once. */
export async function addStaticFiles(app: FastifyInstance): Promise<void> {
  for (const [name, type] of Object.entries(FILES)) {
    const bytes = await readFile(new URL(`../static/${name}`, import.meta.url))
    app.get(`/static/${name}`, async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300').type(`${type}; charset=utf-8`).send(bytes),
    )
  }
}
