import { expect, it } from 'vitest'
import { Lookups } from './lookups.ts'

it('names are looked up two at a time, each once for all who ask meanwhile', async () => {
  const asked: { readonly host: string; readonly answer: PromiseWithResolvers<readonly string[]> }[] = []
  const lookups = new Lookups((host) => {
    const answer = Promise.withResolvers<readonly string[]>()
    asked.push({ host, answer })
    return answer.promise
  }, 2)
  const found = ['a', 'b', 'c', 'a', 'c'].map((host) => lookups.find(host))
  expect(asked.map(({ host }) => host)).toEqual(['a', 'b'])
  asked[0]!.answer.resolve(['192.0.2.1'])
  expect(await Promise.all([found[0], found[3]])).toEqual([['192.0.2.1'], ['192.0.2.1']])
  expect(asked.map(({ host }) => host)).toEqual(['a', 'b', 'c'])
  asked[1]!.answer.reject(new Error('not known'))
  await expect(found[1]).rejects.toThrow('not known')
  asked[2]!.answer.resolve(['192.0.2.3'])
  expect(await Promise.all([found[2], found[4]])).toEqual([['192.0.2.3'], ['192.0.2.3']])
  const again = lookups.find('a')
  asked[3]!.answer.resolve(['192.0.2.4'])
  expect(await again).toEqual(['192.0.2.4'])
})

it('a name whose turn comes when nobody waits for it any more is passed over', async () => {
  const asked: string[] = []
  const answer = Promise.withResolvers<readonly string[]>()
  const find = (host: string): Promise<readonly string[]> => {
    asked.push(host)
    return answer.promise
  }
  const lookups = new Lookups(find, 1, 0)
  const [held, late] = [lookups.find('held'), lookups.find('late')]
  answer.resolve(['192.0.2.1'])
  expect(await held).toEqual(['192.0.2.1'])
  await expect(late).rejects.toThrow('Too many names')
  expect(await lookups.find('next')).toEqual(['192.0.2.1'])
  expect(asked).toEqual(['held', 'next'])
})
