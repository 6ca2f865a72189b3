/** Shows a run on a terminal as it is: its state below, drawn anew when something has changed; above it what is worth a line of its own. */

import type { WriteStream } from "node:tty";
import type { Run, RunEvent } from "@sluice/core";
import type { DemoOptions } from "../args.js";
import { finalStats, type Paint, type Story, seedLine } from "../story.js";
import type { Teller } from "../tell.js";
import { CountsWatch } from "./counts-watch.js";
import { frame } from "./frame.js";
import { restoreOnExit } from "./restore.js";
import { RunView } from "./run-view.js";
import { Screen } from "./screen.js";

// Twelve pictures a second at most: more nobody sees.
const DRAW_EVERY_MS = 80;

export interface LiveTelling {
  readonly options: DemoOptions;
  readonly planned: readonly number[];
  readonly out: WriteStream;
  readonly paint: Paint;
  readonly story: Story;
}

export function tellLive(run: Run, { options, planned, out, paint, story }: LiveTelling): Teller {
  const view = new RunView();
  const screen = new Screen(out);
  const unrestore = restoreOnExit(screen);
  let counts: CountsWatch | undefined;
  let timer: NodeJS.Timeout | undefined;
  let drawnAt = Number.NEGATIVE_INFINITY;

  const draw = () => {
    clearTimeout(timer);
    timer = undefined;
    drawnAt = performance.now();
    // A terminal that does not know its size says 0.
    const [columns, rows] = [out.columns || 80, out.rows || 24];
    screen.draw(frame(view, { columns, rows, planned, paint, isUnicode: isUnicode() }));
  };
  const drawSoon = () => {
    timer ??= setTimeout(draw, Math.max(0, drawnAt + DRAW_EVERY_MS - performance.now()));
  };
  out.on("resize", drawSoon);

  run.on("*", (event) => {
    view.see(event);
    if (event.kind === "opened") {
      screen.print(seedLine(options.seed, paint));
      counts = new CountsWatch(event.address, (heard) => {
        view.seeCounts(heard);
        drawSoon();
      });
    }
    const text = story.line(event);
    if (text !== undefined && isWorthALine(event, view)) screen.print(text);
    counts?.ask();
    drawSoon();
  });

  const close = () => {
    clearTimeout(timer);
    counts?.close();
    out.off("resize", drawSoon);
    screen.close();
    unrestore();
  };
  return {
    report(report, afterwards) {
      view.seeReport(report);
      draw();
      close();
      out.write(`${finalStats(report, afterwards, paint)}\n`);
    },
    close,
  };
}

/** What the picture does not show, or not for long. */
function isWorthALine(event: RunEvent, view: RunView): boolean {
  switch (event.kind) {
    case "opened":
    case "failed":
    case "stopping":
    case "output":
      return true;
    case "spawned":
      return (view.workers.get(event.worker)?.restarts ?? 0) > 0;
    default:
      return false;
  }
}

/** Whether the terminal shows more than ASCII, as far as the locale tells. */
function isUnicode(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return process.platform === "win32" || /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
}
