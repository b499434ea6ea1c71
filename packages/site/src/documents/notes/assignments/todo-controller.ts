import type { Controller } from '../../../doctypes/controller.ts'

/** A task says who gave it: whoever makes it. Who may name another is the listener's to say. */
export const toDoController: Controller = {
  beforeInsert: async ({ document, user }) => {
    const sent = document['assigned_by']
    if (typeof sent !== 'string' || sent === '') document['assigned_by'] = user
  },
  beforeUpdate: async ({ document, previous }) => {
    document['assigned_by'] = previous?.['assigned_by'] ?? document['assigned_by']
  },
}
