import { createHash } from 'node:crypto'
import { Html } from './html.ts'

const css = `
:root{color-scheme:light dark;--ground:#f4f5f6;--card:#fff;--ink:#1f272e;--soft:#525f6b;--line:#d1d8dd;--accent:#1360b5;--on-accent:#fff;--bad:#a61b1b;--bad-ground:#fdecec;--good-ground:#e4f5e9}
@media (prefers-color-scheme:dark){:root{--ground:#14171a;--card:#1e2327;--ink:#eef1f3;--soft:#aab4bd;--line:#3a434b;--accent:#7db6f5;--on-accent:#0c1b2b;--bad:#ff9c9c;--bad-ground:#3a1d1d;--good-ground:#17301f}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
header{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:center;padding:.75rem 1.25rem;background:var(--card);border-bottom:1px solid var(--line)}
header .brand{font-weight:700;color:var(--ink);text-decoration:none}
header nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;flex:1 1 auto}
header a{white-space:nowrap}
header form{margin:0}
main{max-width:44rem;margin:0 auto;padding:1.5rem 1rem 3rem}
main.narrow{max-width:26rem}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0 1rem}
h2{font-size:1.125rem;margin:0 0 .25rem}
p{margin:.5rem 0}
a{color:var(--accent)}
.soft,dt,.hint{color:var(--soft)}
.hint{font-size:.875rem;margin:.125rem 0 .25rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.625rem;padding:1.25rem;margin:0 0 1rem}
.alert{border-inline-start:4px solid var(--bad);background:var(--bad-ground);padding:.625rem .875rem;border-radius:.25rem;margin:0 0 1rem}
.notice{background:var(--good-ground);padding:.625rem .875rem;border-radius:.25rem;margin:0 0 1rem}
label{display:block;font-weight:600;margin:1rem 0 .375rem}
.card>input[type=hidden]+label,.card>label:first-child{margin-top:0}
label.box,p.box{display:flex;gap:.625rem;align-items:baseline;font-weight:400;margin:.25rem 0}
.tick{width:1.125rem;flex:none}
.tick::before{content:"";display:block;width:.375rem;height:.6875rem;margin:0 auto;border:solid var(--soft);border-width:0 .125rem .125rem 0;transform:rotate(42deg)}
input[type=text],input[type=password],textarea,select{width:100%;font:inherit;color:inherit;background:var(--card);border:1px solid var(--soft);border-radius:.375rem;padding:.5rem .625rem}
textarea{min-height:5rem;font-family:ui-monospace,monospace;font-size:.9375rem}
input[type=checkbox]{margin:0;align-self:start;margin-top:.1875rem;width:1.125rem;height:1.125rem;flex:none;accent-color:var(--accent)}
summary{cursor:pointer;color:var(--accent);padding:.5rem 0;width:max-content;max-width:100%}
details>label{margin-top:0}
fieldset{min-width:0;border:0;border-top:1px solid var(--line);margin:.75rem 0 0;padding:.75rem 0 0}
legend{float:inline-start;width:100%;padding:0;font-weight:600;margin-bottom:.25rem}
legend~*{clear:both}
ul{padding-inline-start:1.25rem;margin:.25rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.125rem 1rem;margin:.5rem 0}
dd{margin:0}
@media (max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.375rem}}
.card form:not(:first-child){margin-top:.75rem}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.25rem}
.card>p:first-child,.card>h2:first-child,.card>input[type=hidden]+:is(p,dl){margin-top:0}
select+label.box{margin-top:1rem}
p:has(>a.button){margin:1rem 0}
.card>p:last-child{margin-bottom:0}
button,a.button{display:inline-block;font:inherit;font-weight:600;text-decoration:none;border-radius:.375rem;padding:.5rem 1.125rem;border:1px solid var(--soft);background:var(--card);color:var(--ink);cursor:pointer;min-height:2.75rem}
button.main,a.button.main{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
button.bad,a.button.bad{color:var(--bad);border-color:var(--bad)}
button.quiet{border:0;padding:0;min-height:0;color:var(--accent);background:none;text-decoration:underline;font-weight:400}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
code{font:.9375rem ui-monospace,monospace;background:var(--ground);border:1px solid var(--line);border-radius:.25rem;padding:.125rem .375rem;user-select:all}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.chart{display:block;width:100%;height:6rem;margin:.75rem 0;border-bottom:1px solid var(--line)}
.chart .ok{fill:var(--accent)}
.chart .no{fill:var(--bad)}
.scroll{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:start;font-weight:600;padding:.25rem 0}
th,td{text-align:start;padding-block:.25rem;padding-inline-end:.75rem;border-bottom:1px solid var(--line);vertical-align:top}
summary{cursor:pointer;padding:.375rem 0}
h3{font-size:1rem;margin:0 0 .25rem}
label.legacy{color:var(--bad)}
.tag{font-size:.8125rem;border:1px solid var(--soft);border-radius:1rem;padding:0 .5rem;color:var(--soft)}
`.trim()

/** The one stylesheet, in the page itself: a page needs nothing more to look right. */
export const styles = new Html(`<style>${css}</style>`)

/** What a Content-Security-Policy's `style-src` must name to let that stylesheet in. */
export const styleSource = `'sha256-${createHash('sha256').update(css).digest('base64')}'`
