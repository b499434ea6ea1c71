// Bundled to script-caller.js, which the Client Script imports.
export { scriptCaller } from '@annex/connector/script'
