// The picture of a view: what it says, and that it fits.
import { expect, test } from "vitest";
import { type FrameSettings, frame } from "../../dist/live/frame.js";
import type { Paint } from "../../dist/story.js";
import { counts, opened, ready, spawned, started, viewOf } from "./events.js";

const plain: Paint = (_style, text) => text;
const settings: FrameSettings = { columns: 100, rows: 30, planned: [5], paint: plain, isUnicode: true };

const busy = () => {
  const view = viewOf(
    opened,
    spawned("producer-1"),
    spawned("consumer-1"),
    ready("producer-1"),
    ready("consumer-1"),
    started,
    { kind: "produced", worker: "producer-1", count: 4, total: 4 },
    { kind: "taken", worker: "consumer-1", count: 1, values: ["P1-1"] },
    { kind: "waiting", worker: "producer-1", because: "full" },
  );
  view.seeCounts({ ...counts, ready: 2, leased: 1, produced: 4, consumed: 1, peak: 4 });
  return view;
};

test("the places of the buffer, the items, the time, and a line for each worker", () => {
  expect(frame(busy(), settings).map(({ text }) => text.trimEnd())).toEqual([
    "Buffer  ■■▣□□  3 of 5, peak 4",
    "Items   ██████░░░░░░░░░░░░░░░░░░░░░░░░  1 of 5 consumed",
    "Time    3.0 s, 0.3 items/s, waited 0.0 s because full, 0.0 s because empty",
    "Producer-1  waiting: buffer is full   4 of 5 put",
    "Consumer-1  handling P1-1             0 consumed",
  ]);
});

test("in ASCII where the terminal has no more", () => {
  const [buffer, items] = frame(busy(), { ...settings, isUnicode: false });
  expect(buffer?.text).toBe("Buffer  ##@..  3 of 5, peak 4");
  expect(items?.text).toContain("======------------------------");
});

test("what has gone wrong is told beside it", () => {
  const view = busy();
  view.seeCounts({ ...counts, parked: 1, ready: 4, dead: 2, produced: 9, consumed: 2, peak: 5 });
  const [buffer, items] = frame(view, settings);
  expect(buffer?.text).toBe("Buffer  ■■■■▨  5 of 5, peak 5");
  expect(items?.text).toMatch(/ 2 of 5 consumed, 2 dead, 1 parked$/);
});

test("a buffer with more places than the line has is a bar, in which one item is not nothing, and all are all", () => {
  const view = viewOf({ ...opened, capacity: 1000 });
  const bar = (ready: number) => {
    view.seeCounts({ ...counts, ready });
    return /[■□]+/.exec(frame(view, settings)[0]?.text ?? "")?.[0];
  };
  expect(bar(0)).toBe("□".repeat(30));
  expect(bar(1)).toBe(`■${"□".repeat(29)}`);
  expect(bar(500)).toBe("■".repeat(15) + "□".repeat(15));
  expect(bar(1000)).toBe("■".repeat(30));
});

test("items whose number nobody knows have no bar", () => {
  expect(frame(busy(), { ...settings, planned: [] })[1]?.text).toBe("Items   4 produced, 1 consumed");
});

test.each([1, 2, 8, 9, 20, 40, 79, 80, 200])("nothing is wider than %i columns", (columns) => {
  for (const line of frame(busy(), { ...settings, columns })) {
    expect(line.width).toBeLessThan(columns);
    expect([...line.text]).toHaveLength(line.width);
  }
});

test.each([1, 2, 4, 5, 8, 30])(
  "nothing is higher than %i rows, and workers without a line are counted",
  (rows) => {
    const names = Array.from({ length: 40 }, (_, n) => `consumer-${n + 1}`);
    const view = viewOf(opened, ...names.map(spawned), ...names.slice(0, 30).map((name) => ready(name)));
    const lines = frame(view, { ...settings, rows });
    expect(lines.length).toBeLessThan(rows);
    if (rows > 4)
      expect(lines.at(-1)?.text).toMatch(new RegExp(`^and ${40 - (rows - 5)} more workers: .*10 starting`));
  },
);

test("a line is cut off where its style is none the less ended", () => {
  const paint: Paint = (_style, text) => `<${text}>`;
  const cut = frame(busy(), { ...settings, columns: 5, paint });
  expect(cut[0]?.text).toBe("<Buff>");
});
