/** A value that no column of either engine can hold, or no operator can take: the caller's mistake and not the program's. */
export class BadValue extends Error {
  override readonly name = 'BadValue'
}

/**
 * Values as both engines take them: truth as 1 and 0.
 *
 * @throws {BadValue} for text with a zero character, which PostgreSQL cannot hold and SQLite cuts off in comparisons
 */
export function bindable(parameters: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let index = 0; index < parameters.length; index += 1) {
    const value = parameters[index]
    if (typeof value === 'string') {
      if (value.includes('\0')) throw new BadValue('Text must not contain the zero character: remove it and try again')
    } else if (typeof value === 'boolean') {
      copy ??= [...parameters]
      copy[index] = value ? 1 : 0
    }
  }
  return copy ?? parameters
}
