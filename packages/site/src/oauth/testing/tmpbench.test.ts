import { it } from 'vitest'
import { sql } from 'kysely'
import { createRequire } from 'node:module'
import { Browser, connect, person, register } from './app.fixture.ts'
import { openProvider } from './provider.fixture.ts'
import { bearerReader } from '../bearer/bearer-store.ts'
import { hashOf } from '../token-text.ts'
async function time(name: string, f: () => unknown) {
    for (let i = 0; i < 20000; i++) await f()
    let best = 1e9
    for (let r = 0; r < 5; r++) {
    const s = process.hrtime.bigint()
    for (let i = 0; i < 20000; i++) await f()
    best = Math.min(best, Number(process.hrtime.bigint() - s) / 20000 / 1000) }
    console.log(name, best.toFixed(1), 'us')
}
it('bench', async () => {
    const p = await openProvider('sqlite')
    const user = await person(p)
    const app = await register(p)
    const t = await connect(p, await new Browser(p).signIn(user), app)
    const c = { headers: { authorization: `Bearer ${t.access}` }, cookies: {}, args: {}, method: 'GET', path: '/', ip: 'x' }
    await time('whole', () => p.oauth.authenticator(c))
    const read = bearerReader(p.database.connection)
    const h = hashOf(t.access); const now = Date.now() * 1000
    await time('hash', () => hashOf(t.access))
    await time('read', () => read(h, now))
    const one = sql`select 1`.compile(p.database.connection)
    await time('select 1', () => p.database.connection.executeQuery(one))
    const q = p.database.connection.withTables<any>().selectFrom('oauth_token').selectAll().where('hash','=',h).compile()
    await time('one table', () => p.database.connection.executeQuery(q))
    const Database = createRequire('/work/main/packages/database/src/index.ts')('better-sqlite3')
    const raw = new Database(p.database.place.replace('sqlite:', ''))
    const comp = (bearerReader as any)
    let captured: any
    const orig = p.database.connection.executeQuery.bind(p.database.connection)
    ;(p.database.connection as any).executeQuery = (x: any) => { captured = x; return orig(x) }
    await bearerReader(p.database.connection)(h, now)
    console.log(captured?.sql)
    console.log(raw.prepare('explain query plan ' + captured.sql).all(...captured.parameters).map((x:any)=>x.detail).join(' us | '));for (const cut of [captured.sql, captured.sql.replace(/, \(select value.*as "generation"/, ''), captured.sql.replace(/and "grant"."epoch" = \(.*?\) /, '')]) { const q0 = raw.prepare(cut); await time(String(cut.length), () => q0.all(...captured.parameters)) }

    const qs = [
     `select t.grant_id, t.client, t.scope from oauth_token t where t.hash=?`,
     `select t.grant_id, t.client, t.scope from oauth_token t where t.hash=? and t.expires > 0 and t.kind='access'`,
     `select t.grant_id, t.client, t.scope, g.user from oauth_token t join oauth_grant g on g.id=t.grant_id where t.hash=?`,
     `select t.grant_id, t.client, t.scope, g.user, g.doctype_ids from oauth_token t join oauth_grant g on g.id=t.grant_id where t.hash=? and g.revoked_at is null`,
     `select t.grant_id, t.client, t.scope, g.user, g.doctype_ids, c.unfenced from oauth_token t join oauth_grant g on g.id=t.grant_id join "tabOAuth Client" c on c.name=t.client where t.hash=? and g.revoked_at is null`,
     `select t.grant_id, t.client, t.scope, g.user, g.doctype_ids, c.unfenced from oauth_token t join oauth_grant g on g.id=t.grant_id join "tabOAuth Client" c on c.name=t.client where t.hash=? and g.revoked_at is null and c.enabled=1`,
     `select t.grant_id, t.client, t.scope, g.user, g.doctype_ids, (select value from generation where id=1) from oauth_token t join oauth_grant g on g.id=t.grant_id where t.hash=? and g.revoked_at is null`,
     `select (select value from generation where id=1) where ? is not null`,
    ]
    for (const x of qs) { const q0 = raw.prepare(x); await time(x.length + ' ' + x.slice(0, 60), () => q0.all(h)) }
    for (const x of qs.slice(0,1)) { const q0 = raw.prepare(x); await time('get', () => q0.get(h)); const q1 = raw.prepare(x).raw(); await time('raw()', () => q1.get(h)) }
    await p.close()
})
