import { describe, expect, it } from 'vitest'
import { nameFault } from './client-names.ts'

const unseen = 'client_name must not hold characters that cannot be seen'
const empty = 'client_name must hold letters or digits'
const mixed = 'client_name must not mix alphabets whose letters look alike'
const reserved = 'client_name must not be a name of this site or of its keepers'
const taken = 'client_name is the name of another app of this site; choose your own'

describe('The name of a program that registers itself', () => {
  it.each(['Field Service', 'Field Sales 2', 'Ärzte & Co.', 'Кофейня', 'Φαρμακείο', '销售', '7', 'x'.repeat(140), 'My Admin', 'Annexe'])(
    'may be %s',
    (name) => {
      expect(nameFault(name, ['Field Sales', '…'])).toBeUndefined()
    },
  )

  it.each<[name: string, fault: string]>([
    ['x'.repeat(141), 'client_name must have at most 140 characters'],
    ['Shop\u0000', unseen],
    ['Shop\u0085', unseen],
    ['Sh\u200bop', unseen],
    ['Shop \u202eeman', unseen],
    ['Sh\u00adop', unseen],
    ['Shop\u2028', unseen],
    ['Shop\u2029', unseen],
    ['Shop\u3164', unseen],
    ['Shop\ufffb', unseen],
    ['', empty],
    [' … !', empty],
    ['Sh\u043ep', mixed],
    ['Sh\u03bfp', mixed],
    ['Коф\u03bfе', mixed],
    ...['administrator', 'admin', 'annex', 'erpnext', 'frappe', 'frappe framework', 'guest', 'system', 'system manager', 'root'].map(
      (name): [string, string] => [name, reserved],
    ),
    ['A D M I N', reserved],
    ['\uff26rappe', reserved],
    ['Fr\u00e0pp\u00e9', reserved],
    ['Field Sales', taken],
    ['FIELD-SALES', taken],
    ['fiéldsales', taken],
    ['Kaffee', taken],
  ])('may not be %j', (name, fault) => {
    expect(nameFault(name, ['Other', 'Field Sales', 'KAFFEE!'])).toBe(fault)
  })
})
