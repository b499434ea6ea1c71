import { openApp } from './app.ts'
import { readConfig } from './config.ts'
import { serve } from './server.ts'

try {
  const config = readConfig()
  const app = await openApp(config)
  const server = await serve(app, config)
  console.log(`{{name}} is at ${config.url}`)
  let isStopping = false
  const stop = async () => {
    if (isStopping) return
    isStopping = true
    await server.close()
    await app.close()
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  console.error(`{{name}}: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
