/** A bar for each candidate, from the axis to the median, and a line over it from the smallest to the largest. */

import { element, escaped } from "./html.js";
import { axisBelow, picture } from "./picture.js";
import { logScale } from "./scale.js";

export interface Bar {
  readonly label: string;
  /** `ours`, `peer`: for its colour. */
  readonly kind: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

const WIDTH = 860;
const LABEL_WIDTH = 270;
const FIGURE_WIDTH = 90;
const ROW_HEIGHT = 20;
const AXIS_HEIGHT = 24;

/** @param show - a value in words. */
export function barChart(title: string, bars: readonly Bar[], show: (value: number) => string): string {
  const scale = logScale(
    bars.flatMap(({ min, max }) => [min, max]),
    LABEL_WIDTH,
    WIDTH - FIGURE_WIDTH,
  );
  const bottom = bars.length * ROW_HEIGHT;
  const rows = bars.map(({ label, kind, median, min, max }, index) => {
    const y = index * ROW_HEIGHT;
    const middle = y + ROW_HEIGHT / 2;
    const [start, end] = [scale.at(min), scale.at(max)];
    const told = `${label}: ${show(median)} (${show(min)} to ${show(max)})`;
    return element(
      "g",
      {},
      element("title", {}, escaped(told)),
      element("text", { x: LABEL_WIDTH - 8, y: middle + 4, class: "label" }, escaped(label)),
      element("rect", {
        x: LABEL_WIDTH,
        y: y + 3,
        width: scale.at(median) - LABEL_WIDTH,
        height: ROW_HEIGHT - 6,
        class: kind,
      }),
      element("line", { x1: start, x2: end, y1: middle, y2: middle, class: "range" }),
      element("line", { x1: start, x2: start, y1: middle - 4, y2: middle + 4, class: "range" }),
      element("line", { x1: end, x2: end, y1: middle - 4, y2: middle + 4, class: "range" }),
      element("text", { x: WIDTH - FIGURE_WIDTH + 8, y: middle + 4, class: "figure" }, escaped(show(median))),
    );
  });
  return picture(title, WIDTH, bottom + AXIS_HEIGHT, ...axisBelow(scale, [0, bottom], show), ...rows);
}
