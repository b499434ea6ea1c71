import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FakeUpstream } from '@annex/connector/testing'
import { NotInstalled } from '../../support/clients/install-once.ts'
import { run } from '../../support/clients/run.ts'
import { nodes } from '../../support/nodes.ts'
import { installPacked } from '../../support/packed-connector.ts'
import { noRedis, TemporaryRedis } from '../../support/redis.ts'

// The connector as it is published, on every Node that it promises to run on.

let folder: string
let site: FakeUpstream
let listening: Awaited<ReturnType<FakeUpstream['listen']>> | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annex-nodes-'))
  await installPacked(folder)
  for (const name of ['jose', 'ioredis'])
    await symlink(fileURLToPath(new URL(`../../../node_modules/${name}`, import.meta.url)), join(folder, 'node_modules', name))
  await copyFile(new URL('whole-life.mjs', import.meta.url), join(folder, 'whole-life.mjs'))
  site = new FakeUpstream()
  listening = await site.listen()
  site.documents.set('Item', { name: 'Nut', modified: '2026-01-01 00:00:00.000000' })
})
afterAll(async () => {
  await listening?.close()
  await rm(folder, { recursive: true, force: true })
})

test('what is published says where its entries are', async () => {
  for (const name of ['protocol', 'connector']) {
    const { messages } = await publint({ pkgDir: join(folder, 'node_modules/@annex', name), pack: false })
    // The sources are for this repository, and are not packed.
    expect(messages.filter(({ code, path }) => !(code === 'FILE_DOES_NOT_EXIST' && path.includes('source')))).toEqual([])
  }
})

describe.each(await nodes())('Node $version', ({ version, path }) => {
  const missing = path instanceof NotInstalled
  const live = async (environment: Readonly<Record<string, string>>): Promise<void> => {
    const own = { ISSUER: site.issuer, CLIENT: site.client.id, SECRET: site.client.secret, ...environment }
    const { code, stdout, stderr } = await run(String(path), [join(folder, 'whole-life.mjs')], own, folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      node: version,
      person: 'Sam Seller',
      renewed: true,
      item: 'Nut',
      webhook: 204,
      told: [['Item', 'Nut', 'there']],
      after: 'sign_in_required',
      sql: expect.stringMatching(
        version.startsWith('20.') ? /^@annex\/connector\/stores\/sql needs Node 22\.19 or newer/ : /database/,
      ) as unknown,
    })
  }

  test.skipIf(missing)(`signs in, renews, reads, hears of a webhook and disconnects${missing ? `: ${path.message}` : ''}`, () => live({}))

  test.skipIf(missing || noRedis !== undefined)(`does so with Redis${noRedis === undefined ? '' : `: ${noRedis}`}`, async () => {
    const redis = await TemporaryRedis.start()
    try {
      await live({ REDIS: redis.url })
    } finally {
      await redis.remove()
    }
  })
})
