import { expect, test } from "vitest";
import { BufferError, untilNotBusy } from "../src/index.js";

function failing(times: number, code: "BUFFER_BUSY" | "BUFFER_SEALED") {
  let calls = 0;
  const call = async () => {
    calls += 1;
    if (calls <= times) throw new BufferError(code, "held");
    return calls;
  };
  return { call, calls: () => calls };
}

test("a call is made again while a lock is held", async () => {
  expect(await untilNotBusy(failing(3, "BUFFER_BUSY").call)).toBe(4);
});

test("50 times at most, and then the rejection is the caller's", async () => {
  const { call, calls } = failing(1000, "BUFFER_BUSY");
  await expect(untilNotBusy(call)).rejects.toMatchObject({ code: "BUFFER_BUSY" });
  expect(calls()).toBe(50);
});

test("any other rejection passes at once", async () => {
  const { call, calls } = failing(1, "BUFFER_SEALED");
  await expect(untilNotBusy(call)).rejects.toMatchObject({ code: "BUFFER_SEALED" });
  expect(calls()).toBe(1);
});
