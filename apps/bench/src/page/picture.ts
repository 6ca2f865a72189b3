/** What every chart has: a frame that says what it is, and an axis below it. */

import { element, escaped } from "./html.js";
import type { Scale } from "./scale.js";

export function picture(title: string, width: number, height: number, ...content: readonly string[]): string {
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title };
  return element("svg", attributes, ...content);
}

/** A line at each tick, and below it what it stands for. */
export function axisBelow(
  scale: Scale,
  [top, bottom]: readonly [number, number],
  show: (value: number) => string,
): string[] {
  return scale.ticks.map((tick) => {
    const x = scale.at(tick);
    const line = element("line", { x1: x, x2: x, y1: top, y2: bottom, class: "grid" });
    return line + element("text", { x, y: bottom + 16, class: "tick" }, escaped(show(tick)));
  });
}
