'use client'
import { useId, useState, type HTMLAttributes, type MouseEvent, type ReactElement } from 'react'
import type { LinkItem } from '../core/docnames/shown-fields.ts'
import { useLinkSettings } from './link-provider.tsx'
import { wordsOf } from './link-said.ts'
import { styles } from './link-styles.ts'
import type { UseLinkOptions, UseLinkResult } from './link-types.ts'
import { useLink } from './use-link.ts'

/** One link field with its looks. */
export interface LinkFieldProps extends UseLinkOptions {
  readonly label: string
  readonly required?: boolean
  /** What the field is for, below its label. */
  readonly description?: string
  /** What is wrong with the value, in the app's words. */
  readonly error?: string
  /** For the element around the whole field. */
  readonly className?: string
  /** The page's own when absent. */
  readonly dir?: 'ltr' | 'rtl' | 'auto'
}

/**
 * A link field: label, input, suggestions and what is to be said of them. It takes the page's font, its colour scheme and the
 * look of its inputs; for other looks there is `useLink`.
 */
export function LinkField({ label, required = false, description, error, className, dir, ...options }: LinkFieldProps): ReactElement {
  const link = useLink(options)
  const id = useId()
  const described = [description && `${id}-description`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className={className} dir={dir}>
      <label id={`${id}-label`} htmlFor={link.inputProps.id}>
        {label}
        {required && <span aria-hidden="true"> *</span>}
      </label>
      {description && (
        <p id={`${id}-description`} style={styles.line}>
          {description}
        </p>
      )}
      <div style={styles.frame}>
        <input
          {...link.inputProps}
          type="text"
          required={required}
          aria-invalid={error ? true : undefined}
          aria-describedby={described || undefined}
          style={styles.input}
        />
        <Suggestions link={link} labelledBy={`${id}-label`} />
      </div>
      {error && (
        <p id={`${id}-error`} style={styles.error}>
          {error}
        </p>
      )}
      <Status link={link} />
    </div>
  )
}

function Suggestions({ link, labelledBy }: { readonly link: UseLinkResult; readonly labelledBy: string }): ReactElement {
  const { texts } = useLinkSettings()
  const { open, items, active, more, stale } = link
  return (
    <div style={{ ...styles.popup, display: open ? 'block' : 'none' }} onMouseDown={keepFocus}>
      {stale && <p style={styles.stale}>{texts.stale(link.staleSince)}</p>}
      <ul {...link.listProps} aria-labelledby={labelledBy} style={styles.list}>
        {items.map((item, index) => (
          <Option key={item.value} item={item} isActive={index === active} props={link.optionProps(index)} />
        ))}
      </ul>
      {more && (
        <button type="button" tabIndex={-1} style={styles.more} onClick={link.showMore}>
          {texts.more}
        </button>
      )}
    </div>
  )
}

/** The input keeps the focus, also while the scroll bar or the button is pressed. */
const keepFocus = (event: MouseEvent): void => event.preventDefault()

interface OptionProps {
  readonly item: LinkItem
  readonly isActive: boolean
  readonly props: HTMLAttributes<HTMLElement>
}

/** Docnames and words are set apart from the text around, whose direction may be another. */
function Option({ item, isActive, props }: OptionProps): ReactElement {
  const [isHovered, setHovered] = useState(false)
  const words = wordsOf(item)
  return (
    <li
      {...props}
      style={{ ...styles.option, ...(isHovered && styles.hovered), ...(isActive && styles.active) }}
      onMouseEnter={() => setHovered(true)}
      onMouseLeave={() => setHovered(false)}
    >
      <bdi>{item.value}</bdi>
      {words && (
        <small style={styles.words}>
          <bdi>{words}</bdi>
        </small>
      )}
    </li>
  )
}

function Status({ link: { status, open, problem } }: { readonly link: UseLinkResult }): ReactElement {
  return (
    <div style={styles.status}>
      <p role="status" style={open ? styles.heard : styles.line}>
        {status}
        {problem?.url && (
          <>
            {' '}
            <a href={problem.url}>{problem.action}</a>
          </>
        )}
      </p>
    </div>
  )
}
