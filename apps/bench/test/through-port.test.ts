// A port may answer early, accept a part, and answer at once or later. Goal: driven directly it still gets all items across,
// in order. Method: a port that does all of that, and its answers counted.
import { expect, test } from "vitest";
import { throughPort } from "../dist/ours/through-port.js";
import type { Job } from "../dist/worker-messages.js";

test.each([false, true])("a grudging port, every answer awaited: %s", async (awaitsAll) => {
  const candidate = throughPort({
    ...{ name: "grudging", about: "", module: import.meta.url, awaitsAll, wishes: {} },
    itemCount: () => 1,
    transportAt() {
      throw new Error("Nothing is created here");
    },
  });
  // The module keeps its items: one of its own for each case.
  const module = `${new URL("./grudging-transport.mjs", import.meta.url)}?${awaitsAll}`;
  const connection = await candidate.connect({ module, transport: "grudging", place: null }, {} as Job);
  const [putEnd, takeEnd] = [await connection.producer(), await connection.consumer()];
  const items = Array.from({ length: 10 }, (_, i) => Uint8Array.of(i));
  const put = putEnd.put(items[0] as Uint8Array);
  if (awaitsAll) expect(put).toBeInstanceOf(Promise);
  await put;
  await putEnd.putMany?.(items.slice(1));
  const taken = [await takeEnd.take()];
  while (taken.length < items.length) taken.push(...((await takeEnd.takeMany?.(4)) ?? []));
  expect(taken).toEqual(items);
  await expect((async () => takeEnd.take())()).rejects.toThrow("The end came before the last item");
});
