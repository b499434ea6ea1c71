import type { Backend } from '../backend/backend.ts'
import { HTTP_METHODS, MethodReply } from '../backend/method.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import { methodAnswer } from './method-answer.ts'

/** Asked for again each time, because a name may come to mean another file. */
const PUBLIC = { 'cache-control': 'no-cache', 'cross-origin-resource-policy': 'cross-origin' }
/** Kept by nobody on the way, and shown in no page of another site. */
const PRIVATE = { 'cache-control': 'private, no-store', 'cross-origin-resource-policy': 'same-origin' }
/** Bytes for what stands around a file in a form: its boundaries, its headers, the other fields. */
const AROUND = 64 * 1024

/**
 * `/files/NAME` for everybody, `/private/files/NAME` for whoever may read it; `upload_file` with a limit of its own.
 *
 * @param maxFileSize - bytes
 */
export function fileRoutes(server: HttpServer<Principal>, backend: Backend, maxFileSize: number): void {
  folderRoute(server, backend, '/files/', PUBLIC)
  folderRoute(server, backend, '/private/files/', PRIVATE)
  for (const base of ['/api/method', '/api/v1/method', '/api/v2/method'])
    for (const path of [`${base}/upload_file`, `${base}/upload_file/*`]) uploadRoute(server, backend, path, maxFileSize + AROUND)
}

function folderRoute(server: HttpServer<Principal>, backend: Backend, folder: string, headers: Readonly<Record<string, string>>): void {
  server.route('GET', `${folder}*`, async ({ caller, params }) => {
    const args = { file_url: folder + (params['*'] ?? '') }
    const reply = await backend.call(caller, { method: 'annex.files.read', httpMethod: 'GET', args })
    if (!(reply instanceof MethodReply) || !reply.parts.file) throw new Error('a file was read and none came')
    return { file: reply.parts.file, headers }
  })
}

function uploadRoute(server: HttpServer<Principal>, backend: Backend, path: string, bodyLimit: number): void {
  const [key, api] = path.startsWith('/api/v2/') ? (['data', 2] as const) : (['message', 1] as const)
  server.route(
    HTTP_METHODS,
    path,
    async ({ caller, method, args, files }) =>
      methodAnswer(await backend.call(caller, { method: 'upload_file', httpMethod: method, args, files }), key, api),
    { bodyLimit },
  )
}
