import { describe, expect, it } from 'vitest'
import { annex } from './annex.ts'
import { parseCommand } from './asked-command.ts'

const REDIRECT = ['--redirect-uri', 'https://app.example/']

describe('The words on the command line', () => {
  it.each([
    [[], 'group', 'annex'],
    [['app'], 'group', 'annex app'],
    [['-h'], 'usage', 'annex'],
    [['app', '--help'], 'usage', 'annex app'],
    [['app', 'create', '--nonsense', '-h'], 'usage', 'annex app create'],
    [['app', 'list'], 'run', 'annex app list'],
    [['app', 'create', 'Shop', ...REDIRECT, '--no-pkce', '--scopes=openid all'], 'run', 'annex app create'],
    [['app', 'create', ...REDIRECT, '--', '--Shop--'], 'run', 'annex app create'],
    [['keys', 'rotate-secret', '--early'], 'run', 'annex keys rotate-secret'],
    [['types', 'Customer', 'Sales Order', '--out', 'x.ts'], 'run', 'annex types'],
  ])('%j mean: %s %s', (words, kind, name) => {
    expect(parseCommand(annex, words)).toMatchObject({ kind, name })
  })

  it.each([
    [['nope'], 'there is no command "nope"; there are: app, user, keys, doctype, audit, explain, types, doctor, backup, restore, copy'],
    [
      ['app', 'nope'],
      'there is no command "app nope"; there are: create, list, set-state, secrets, rotate-secret, end-secret, approvals, allow-user, refuse-user, retire',
    ],
    [['keys', 'nope'], 'there is no command "keys nope"; there are: list, rotate, add-rsa, rotate-secret, reseal, remove'],
    [['keys', 'remove'], 'KEY is missing; see annex keys remove --help'],
    [['--version'], '--version is not an option of annex; see annex --help'],
    [['app', 'list', '--all'], '--all is not an option of annex app list; see annex app list --help'],
    [['app', 'list', '-a'], '-a is not an option of annex app list; see annex app list --help'],
    [['app', 'create', 'Shop', ...REDIRECT, '--no-name'], '--no-name is not an option of annex app create; see annex app create --help'],
    [['app', 'create'], 'NAME is missing; see annex app create --help'],
    [['app', 'set-state', 'x'], 'STATE is missing; see annex app set-state --help'],
    [['app', 'create', 'Shop', '--redirect-uri'], '--redirect-uri needs a value; see annex app create --help'],
    [['app', 'create', 'Shop', '--redirect-uri='], '--redirect-uri needs a value; see annex app create --help'],
    [
      ['app', 'create', 'My', 'shop', ...REDIRECT],
      '"shop" is one word too many; put text with spaces between quotes, and see annex app create --help',
    ],
  ])('%j are refused: %s', (words, sentence) => {
    expect(() => parseCommand(annex, words)).toThrow(new Error(sentence))
  })
})
