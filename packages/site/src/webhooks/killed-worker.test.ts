import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { TestOutbox } from './outbox.fixture.ts'
import { Receiver } from './receiver.fixture.ts'

const delivering = fileURLToPath(new URL('delivering-process.fixture.ts', import.meta.url))

describe.each(engines)('a worker that is killed in the middle of a delivery, on %s', (engine) => {
  it('keeps its receiver for its lease, after which another process sends the message', async () => {
    const site = await TestOutbox.open(engine)
    const app = await new Receiver().open()
    const [begun, killed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    // The first caller never hears an answer.
    app.behaviour = (response, _received, index) => void (index === 0 ? begun.resolve() : response.writeHead(200).end())
    const id = await site.send(app.url, 'survives')
    const line = ['--conditions=source', delivering, site.url, '2000000']
    const victim = spawn(process.execPath, line, { stdio: ['ignore', 'inherit', 'inherit'] })
    victim.once('close', () => killed.resolve())
    await begun.promise
    victim.kill('SIGKILL')
    await killed.promise
    const worker = site.worker({ pollEvery: 50 })
    expect(await site.outbox.read(id)).toMatchObject({ state: 'waiting', attempts: 0 })
    const [first, second] = await app.heard(2, 10_000)
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(Number(second?.at) - Number(first?.at)).toBeGreaterThan(1000)
    expect(await site.settled(id, (delivery) => delivery?.state === 'done')).toMatchObject({ attempts: 1 })
    await worker.stop()
    await site.close()
    await app.close()
  })
})
