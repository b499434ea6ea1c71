export { ConfigError, readConfig, type Config } from './config.ts'
export { ADMINISTRATOR, type Principal } from './policy/principal.ts'
export { openSite, type Site } from './site.ts'
