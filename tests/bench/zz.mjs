import Sqlite from 'better-sqlite3'
import { readFileSync } from 'node:fs'
import { hash } from 'node:crypto'
const a = JSON.parse(readFileSync('/tmp/bx/access.json'))
const h = hash('sha256', a.tokens[0].access_token, 'hex')
const db = new Sqlite('/tmp/bx/site/site.db'); db.pragma('journal_mode=wal'); db.pragma('synchronous=normal')
if (process.argv[2]) db.pragma(process.argv[2])
function t(name, f) { for (let i=0;i<20000;i++) f(); const b=process.threadCpuUsage(); const N=100000; for (let i=0;i<N;i++) f(); const u=process.threadCpuUsage(b); console.log(name.padEnd(30), ((u.user+u.system)/N).toFixed(2),'sys',(u.system/N).toFixed(2)) }
const G='(select value from generation where id = 1)', E='(select epoch from oauth_state where id = 1)'
const q = (sql) => db.prepare(sql)
t('hash', () => hash('sha256', a.tokens[0].access_token, 'hex'))
const one = q('select 1'); t('select 1', () => one.get())
const gen = q('select value from generation where id=1'); t('generation', () => gen.get())
const tok = q('select grant_id, client, scope from oauth_token where hash = ?'); t('token', () => tok.get(h))
const tg = q('select token.grant_id, token.client, token.scope, g.user, g.doctype_ids from oauth_token as token join oauth_grant g on g.id = token.grant_id where token.hash = ?'); t('token+grant', () => tg.get(h))
const full = q(`select token.grant_id, token.client, token.scope, "grant".user, "grant".doctype_ids, client.unfenced, ${G} as generation
       from oauth_token as token join oauth_grant as "grant" on "grant".id = token.grant_id
       join "tabOAuth Client" as client on client.name = token.client join account on account.user = "grant".user
       where token.hash = ? and token.expires > ? and token.kind = 'access' and "grant".revoked_at is null and "grant".epoch = ${E}
       and client.enabled = 1 and account.enabled = 1`)
t('full get', () => full.get(h, Date.now()*1000))
t('full all', () => full.all([h, Date.now()*1000]))
full.raw(); t('full raw get', () => full.get(h, Date.now()*1000)); full.raw(false)
console.log(q('explain query plan '+full.source).all(h, 1).map(r=>r.detail).join('\n'))
const begin=q('begin'), commit=q('commit')
begin.run(); gen.get(); t('full in tx', () => full.get(h, Date.now()*1000)); t('gen in tx', () => gen.get()); commit.run()
console.log('---')
const gid = db.prepare('select grant_id from oauth_token where hash=?').get(h).grant_id
const sg = q('select user, doctype_ids from oauth_grant where id = ?'); t('grant alone', () => sg.get(gid))
const sg0 = q('select 1 from oauth_grant where id = ?'); t('grant alone, 1', () => sg0.get(gid))
const sg1 = q('select user from oauth_grant where id = ?'); t('grant alone, user', () => sg1.get(gid))
const t1 = q('select grant_id from oauth_token where hash = ?'); t('token, 1 col', () => t1.get(h))
const j0 = q('select 1 from oauth_token as token join oauth_grant g on g.id = token.grant_id where token.hash = ?'); t('join, 1', () => j0.get(h))
const j1 = q('select g.user from oauth_token as token join oauth_grant g on g.id = token.grant_id where token.hash = ?'); t('join, user', () => j1.get(h))
const j2 = q('select g.user from oauth_token as token cross join oauth_grant g where g.id = token.grant_id and token.hash = ?'); t('cross join, user', () => j2.get(h))
const j3 = q('select (select user from oauth_grant g where g.id = token.grant_id) from oauth_token as token where token.hash = ?'); t('subselect, user', () => j3.get(h))
console.log(q('explain '+j1.source).all(h).map(r=>[r.addr,r.opcode,r.p1,r.p2,r.p3,r.p4].join(' ')).join('\n'))
console.log(db.prepare("select sql from sqlite_schema where name in ('oauth_grant','oauth_token','account','tabOAuth Client')").all().map(r=>r.sql).join('\n'))
console.log(q('select count(*) c, count(distinct grant_id) g from oauth_token').get(), q('select * from oauth_grant').get(), q('pragma page_size').get(), q('select sqlite_version()').get(), q('pragma compile_options').all().map(o=>o.compile_options).join(' '))
