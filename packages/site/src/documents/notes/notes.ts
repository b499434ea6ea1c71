import type { Method } from '../../backend/method.ts'
import type { Controller } from '../../doctypes/controller.ts'
import type { DocumentListener } from '../premises.ts'
import { assignMethods } from './assignments/assign-methods.ts'
import { toDoController } from './assignments/todo-controller.ts'
import { toDoListener } from './assignments/todo-listener.ts'
import { commentController } from './comments/comment-controller.ts'
import { commentListener } from './comments/comment-listener.ts'
import { commentMethods } from './comments/comment-methods.ts'
import { loadMethods } from './docinfo/load-methods.ts'
import { likeMethods } from './marks/like-methods.ts'
import { tagMethods } from './marks/tag-methods.ts'
import type { NoteParts } from './note-parts.ts'
import { removalListener } from './removal-listener.ts'
import { renameListener } from './renames.ts'
import { AppNames } from './versions/app-names.ts'
import { versionListener } from './versions/version-listener.ts'

/** Behaviour of the core DocTypes that speak of other documents. */
export const noteControllers = (parts: NoteParts): readonly (readonly [string, Controller])[] => [
  ['Comment', commentController(parts)],
  ['ToDo', toDoController],
]

/** What is kept of every change, and what goes with a document. */
export const noteListeners = (parts: NoteParts): readonly DocumentListener[] => [
  versionListener(parts, new AppNames()),
  commentListener(parts),
  toDoListener(parts),
  renameListener(parts),
  removalListener(),
]

/** Comments, assignments, tags, likes, and documents as forms load them. */
export const noteMethods = (parts: NoteParts): readonly Method[] => [
  ...commentMethods,
  ...assignMethods(parts),
  ...tagMethods(parts),
  ...likeMethods(parts),
  ...loadMethods(parts),
]
