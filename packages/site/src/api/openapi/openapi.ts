import type { Method } from '../../backend/method.ts'
import { doctypePaths } from './doctype-paths.ts'
import { documentSchemas, type Schema } from './document-schema.ts'
import { methodPaths } from './method-paths.ts'
import { sharedComponents } from './shared-components.ts'
import type { Seen } from './sight.ts'

/**
 * The API as one caller may use it.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function openApiDocument(issuer: string, { doctypes, rows }: Seen, methods: readonly Method[]): Schema {
  const parts = doctypes.map(doctypePaths)
  const shared = sharedComponents(issuer, doctypes)
  const merged = (of: 'paths' | 'schemas' | 'parameters' | 'responses'): Record<string, Schema> =>
    Object.assign({}, ...parts.map((part) => part[of]))
  return {
    openapi: '3.1.1',
    info: {
      title: 'Annex',
      version: '1',
      description: 'Documents and methods as Frappe v15 has them: those that the caller of this address may use.',
    },
    servers: [{ url: issuer }],
    tags: [...doctypes.map(({ doctype }) => ({ name: doctype.name })), { name: 'Methods', description: 'Called by their dotted name' }],
    paths: { ...merged('paths'), ...methodPaths(methods) },
    components: {
      schemas: { ...shared.schemas, ...merged('schemas'), ...Object.assign({}, ...rows.map(documentSchemas)) },
      parameters: { ...shared.parameters, ...merged('parameters') },
      responses: { ...shared.responses, ...merged('responses') },
      securitySchemes: shared.securitySchemes,
    },
  }
}
