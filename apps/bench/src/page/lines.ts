/** A line for each candidate: the cost of an item against a size, both logarithmic, with the range at each point. */

import { element, escaped } from "./html.js";
import { axisBelow, picture } from "./picture.js";
import { logScale } from "./scale.js";

export interface Line {
  readonly label: string;
  readonly points: readonly {
    readonly size: number;
    readonly cost: number;
    readonly min: number;
    readonly max: number;
  }[];
}

const WIDTH = 860;
const HEIGHT = 320;
const LEFT = 80;
const RIGHT = 150;
const BOTTOM = 30;
const TOP = 10;

// Told apart by anybody, in light and in dark.
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;

export function lineChart(title: string, lines: readonly Line[], show: (value: number) => string): string {
  const all = lines.flatMap(({ points }) => points);
  const x = logScale(
    all.map(({ size }) => size),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = logScale(
    all.flatMap(({ min, max }) => [min, max]),
    HEIGHT - BOTTOM,
    TOP,
  );
  const columns = axisBelow(x, [TOP, HEIGHT - BOTTOM], (tick) => tick.toLocaleString("en-US"));
  const rows = y.ticks.map((tick) => {
    const at = y.at(tick);
    const grid = element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at, class: "grid" });
    return grid + element("text", { x: LEFT - 8, y: at + 4, class: "label" }, escaped(show(tick)));
  });
  const drawn = lines.map(({ label, points }, index) => {
    const colour = COLOURS[index % COLOURS.length] as string;
    const path = points
      .map(({ size, cost }) => `${x.at(size).toFixed(1)},${y.at(cost).toFixed(1)}`)
      .join(" ");
    const marks = points.map(({ size, cost, min, max }) => {
      const at = x.at(size);
      const told = `${label}, ${size.toLocaleString("en-US")}: ${show(cost)} (${show(min)} to ${show(max)})`;
      return element(
        "g",
        {},
        element("title", {}, escaped(told)),
        element("line", { x1: at, x2: at, y1: y.at(min), y2: y.at(max), stroke: colour }),
        element("circle", { cx: at, cy: y.at(cost), r: 3.5, fill: colour }),
      );
    });
    const key = TOP + 12 + index * 20;
    return element(
      "g",
      {},
      element("polyline", { points: path, fill: "none", stroke: colour, "stroke-width": 2 }),
      ...marks,
      element("circle", { cx: WIDTH - RIGHT + 20, cy: key - 4, r: 5, fill: colour }),
      element("text", { x: WIDTH - RIGHT + 32, y: key, class: "figure" }, escaped(label)),
    );
  });
  return picture(title, WIDTH, HEIGHT, ...columns, ...rows, ...drawn);
}
