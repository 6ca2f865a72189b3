// Goal: whoever listens to a group that was just started hears of every worker from its beginning on.
import { createBuffer, type RunEvent, startProducers } from "@sluice/core";
import { expect, test } from "vitest";
import { memoryTransport, worker } from "./harness.js";

test("a listener that is added at once hears of the first spawn", async () => {
  const buffer = await createBuffer<unknown>(memoryTransport(), { capacity: 5 });
  const producers = startProducers(buffer, { module: worker("count"), args: { prefix: "a", items: 1 } });
  const kinds: RunEvent["kind"][] = [];
  producers.on("*", ({ kind }) => kinds.push(kind));
  await producers.done;
  await buffer.destroy();
  expect(kinds).toEqual(["spawned", "ready", "produced", "ended", "exited"]);
});
