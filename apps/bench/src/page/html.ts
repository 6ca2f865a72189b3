/** The few pieces of markup that the page is made of. */

export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** @param attributes - written in this order; their values are escaped. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...content: readonly string[]
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(shortened(value))}"`);
  return `<${name}${written.join("")}>${content.join("")}</${name}>`;
}

// A tenth of a pixel is seen by nobody.
function shortened(value: string | number): string {
  return typeof value === "number" ? String(Number(value.toFixed(1))) : value;
}
