// Handlers that never return, more items than fit, and so a producer that waits for ever: nobody ends that but a stop.
import type { Run } from "@sluice/core";
import { expect, test } from "vitest";
import {
  create,
  destroyAt,
  fileTransport,
  freshPath,
  inline,
  isAlive,
  pids,
  watch,
  worker,
} from "./harness.js";

const hanging = inline("export default () => new Promise(() => {});");

test.each([
  ["a signal", "SIGTERM", (run: Run) => run.stop("SIGTERM")],
  ["its caller", "stopped by its caller", (run: Run) => run.stop()],
  ["its plan's signal", "its signal was aborted", (_: Run, abort: AbortController) => abort.abort()],
] as const)(
  "handlers that hang under a full buffer: a stop by %s ends within the drain deadline",
  async (_who, endedBy, stop) => {
    const path = freshPath();
    const abort = new AbortController();
    const watched = watch({
      transport: fileTransport({ path }),
      create: { ...create, capacity: 3 },
      producers: { module: worker("count"), args: { prefix: "a", items: 5 } },
      consumers: { module: hanging, count: 2 },
      drainDeadlineMs: 100,
      signal: abort.signal,
    });
    await watched.until((event) => event.kind === "waiting" && event.because === "full");
    const stops = () => watched.events.flatMap((event) => (event.kind === "stopping" ? [event.because] : []));
    // It is the stop that the deadline counts from: nothing else has ended the run before.
    expect(stops()).toEqual([]);
    stop(watched.run, abort);
    expect(await watched.report).toMatchObject({
      exitCode: 4,
      endedBy,
      produced: 3,
      consumed: 0,
      remaining: 3,
      sealed: true,
      problems: [],
    });
    expect(stops()).toEqual([endedBy, "not drained within 100 ms"]);
    expect(pids(watched.events).filter(isAlive)).toEqual([]);
    await destroyAt(path);
  },
);
