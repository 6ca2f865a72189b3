/** What kind of place or thing a text with names in it is about: those of one kind are as good as each other. */

/** Without what is drawn or counted. */
export function shapeOf(text: string): string {
  return text.replace(/[0-9a-f]{8}[0-9a-f-]*/g, "#").replace(/\d+/g, "#");
}
