import { expect, test } from "vitest";
// Not exported: each worker has one.
import { Journal, UNREPORTED_MAX } from "../../dist/orchestrator/journal.js";

test("a worker whose parent takes nothing goes no further than so many items, also where each is sent at once", async () => {
  let take = () => {};
  const taken = new Promise<void>((resolve) => {
    take = resolve;
  });
  const journal = new Journal(() => taken, false);
  let items = 0;
  let wait: Promise<void> | undefined;
  while (wait === undefined && items < 2 * UNREPORTED_MAX) {
    wait = journal.items("produced", [++items]);
    void journal.flush();
  }
  expect(items, "items of which the parent has not been told").toBe(UNREPORTED_MAX);
  take();
  await wait;
  expect(journal.items("produced", [++items]), "a wait when all of them have been taken").toBeUndefined();
});
