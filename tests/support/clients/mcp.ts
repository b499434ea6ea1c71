import { LineProgram } from './line-program.ts'
import type { Environment } from './run.ts'

interface Message {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

interface ToolAnswer {
  readonly isError?: boolean
  readonly content: readonly { readonly type: string; readonly text?: string }[]
  readonly structuredContent?: unknown
}

/** A Model Context Protocol server over standard input and output. */
export class McpServer {
  readonly #program: LineProgram
  #id = 0

  constructor(path: string, args: readonly string[], env: Environment) {
    this.#program = new LineProgram(path, args, env)
  }

  async initialize(): Promise<void> {
    const clientInfo = { name: 'annex-tests', version: '1' }
    await this.request('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo })
    this.#program.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  }

  /** @throws {Error} with the server's own words */
  async request(method: string, params: unknown = {}): Promise<unknown> {
    const id = (this.#id += 1)
    this.#program.send({ jsonrpc: '2.0', id, method, params })
    for (;;) {
      const message = (await this.#program.next()) as Message
      if (message.id !== id) continue
      if (message.error) throw new Error(message.error.message)
      return message.result
    }
  }

  async tools(): Promise<string[]> {
    const { tools } = (await this.request('tools/list')) as { tools: readonly { name: string }[] }
    return tools.map(({ name }) => name)
  }

  /** What a tool answers: its JSON, or its text. @throws {Error} with that text when it failed */
  async call(name: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const answer = (await this.request('tools/call', { name, arguments: args })) as ToolAnswer
    const said = answer.content.map(({ text = '' }) => text).join('')
    if (answer.isError === true) throw new Error(said)
    return parsed(said)
  }

  close(): Promise<void> {
    return this.#program.close()
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
