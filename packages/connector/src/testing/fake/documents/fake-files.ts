import { randomToken } from '../../../core/sealing/base64.ts'
import type { FakeReply, FakeRequest } from '../replies.ts'
import type { FakeDocument, FakeDocuments } from './fake-documents.ts'

/** Files of a fake site: what was uploaded can be fetched by its address. */
export class FakeFiles {
  readonly #documents: FakeDocuments
  readonly #contents = new Map<string, Uint8Array<ArrayBuffer>>()

  constructor(documents: FakeDocuments) {
    this.#documents = documents
  }

  async upload({ bytes, headers }: FakeRequest, owner: string): Promise<FakeDocument> {
    const form = await new Response(bytes, { headers: { 'content-type': headers.get('content-type') ?? '' } }).formData()
    const file = form.get('file') as File
    const isPrivate = form.get('is_private') === '1'
    const name = file.name.replaceAll('/', '')
    const url = `${isPrivate ? '/private' : ''}/files/${name}`
    this.#contents.set(url, new Uint8Array(await file.arrayBuffer()))
    const attached = { attached_to_doctype: form.get('doctype'), attached_to_name: form.get('docname') }
    const values = { name: randomToken().slice(0, 10), file_name: name, file_url: url, file_size: file.size, is_private: Number(isPrivate) }
    return this.#documents.set('File', { ...values, folder: form.get('folder') ?? 'Home', ...attached }, { user: owner })
  }

  read(path: string): FakeReply | undefined {
    const bytes = this.#contents.get(decodeURIComponent(path))
    return bytes && { bytes }
  }
}
