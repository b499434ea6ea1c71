import { expect, test } from 'vitest'
import { Listeners } from './events.ts'

test('every listener hears of an event until it is taken away', async () => {
  const heard: string[] = []
  const listeners = new Listeners(() => undefined)
  const end = listeners.on('recovered', ({ connection }) => void heard.push(`first ${connection}`))
  listeners.on('recovered', ({ connection }) => void heard.push(`second ${connection}`))
  await listeners.emit('recovered', { connection: 'a' })
  end()
  await listeners.emit('recovered', { connection: 'b' })
  await listeners.emit('token-renewed', { connection: 'c' })
  expect(heard).toEqual(['first a', 'second a', 'second b'])
})

test.each([
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
])('a listener that %s is logged and in nobody’s way', async (_, fails) => {
  const logged: unknown[] = []
  const heard: string[] = []
  const listeners = new Listeners((event, detail) => logged.push([event, detail]))
  listeners.on('recovered', fails)
  listeners.on('recovered', ({ connection }) => void heard.push(connection))
  await listeners.emit('recovered', { connection: 'a' })
  expect(heard).toEqual(['a'])
  expect(logged).toEqual([['listener-failed', { event: 'recovered', error: 'no' }]])
})
