// --poison: items that fail each time end as dead letters, and the run in peace.
import { join } from "node:path";
import { openBuffer } from "@sluice/core";
import { fileTransport } from "@sluice/transport-file";
import { expect, test } from "vitest";
import { poisonAmong } from "../dist/poison.js";
import { freshFolder, leftIn, linesOf, run } from "./demo-process.js";

const quick = ["--produce-ms", "0", "--consume-ms", "0-5", "--poison", "2", "--seed", "3"];

test("they end as dead letters, with a reason, in a buffer that is kept", async () => {
  const folder = freshFolder();
  const { code, stdout, stderr } = await run([...quick, "--path", "here", "--output", "out"], { folder });
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  const [first, second] = poisonAmong([5, 4], 2, 3);
  for (const item of [first, second]) {
    expect(stdout).toMatch(new RegExp(`^dead letter: item \\d, handed out 5 times: ${item} is poison$`, "m"));
    expect(stdout).toMatch(new RegExp(`^Consumer-\\d could not consume an item: ${item} is poison$`, "m"));
  }
  expect(stdout).toContain(`The buffer is kept at ${join(folder, "here")}`);
  expect(linesOf(stdout).at(-1)).toBe("9 produced, 7 consumed, 0 remaining, 2 dead");
  const buffer = await openBuffer(fileTransport({ path: join(folder, "here") }));
  const dead = await buffer.deadLetters().list();
  expect(dead.map((letter) => letter.decode()).sort()).toEqual([first, second].sort());
  await buffer.destroy();
});

test.each(["memory", "zeromq"])("over %s they end with the demo, which says so", async (transport) => {
  const folder = freshFolder();
  const { code, stdout } = await run(["--transport", transport, ...quick], { folder });
  expect(code, stdout).toBe(0);
  expect(stdout).toContain("What is left in the buffer ends with the demo: 2 dead letters\n");
  expect(linesOf(stdout).at(-1)).toBe("9 produced, 7 consumed, 0 remaining, 2 dead");
  expect(leftIn(folder)).toEqual([]);
});

test("more of them than the buffer has room for: all find their place among the dead letters", async () => {
  const args = [
    "--transport",
    "memory",
    "--capacity",
    "2",
    "--produce-ms",
    "0",
    "--consume-ms",
    "0",
    "--poison",
    "9",
  ];
  const { code, stdout } = await run(args);
  expect(code, stdout).toBe(0);
  expect(linesOf(stdout).at(-1)).toBe("9 produced, 0 consumed, 0 remaining, 9 dead");
});

test("the seed chooses among all items: different ones, the same again, each of them in its turn", () => {
  expect(poisonAmong([5, 4], 9, 1).sort()).toEqual(
    ["P1-1", "P1-2", "P1-3", "P1-4", "P1-5", "P2-1", "P2-2", "P2-3", "P2-4"].sort(),
  );
  expect(poisonAmong([5, 4], 3, 7)).toEqual(poisonAmong([5, 4], 3, 7));
  expect(poisonAmong([0, 3, 0, 1], 4, 7)).toEqual(["P2-1", "P2-2", "P2-3", "P4-1"]);
  const chosen = new Set(Array.from({ length: 200 }, (_, seed) => poisonAmong([5, 4], 1, seed)[0]));
  expect(chosen.size).toBe(9);
});
