// --resume: a run goes on with what another one left, however that ended.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bytes, createBuffer, openBuffer } from "@sluice/core";
import { fileTransport } from "@sluice/transport-file";
import { expect, test } from "vitest";
import { demo, freshFolder, leftIn, linesOf, run } from "./demo-process.js";

const places: Record<string, readonly string[]> = {
  file: ["--path", "here"],
  shm: ["--transport", "shm", "--path", "here"],
  zeromq: ["--transport", "zeromq", "--journal", "here"],
};
const work = ["--items", "40,30", "--produce-ms", "0-10", "--output", "out"];
/** Of the run that is killed, long before its end; the other one has no time to lose. */
const [slow, quick] = [
  ["--consume-ms", "60-100"],
  ["--consume-ms", "0-10"],
];
const all = [
  ...Array.from({ length: 40 }, (_, n) => `P1-${n + 1}`),
  ...Array.from({ length: 30 }, (_, n) => `P2-${n + 1}`),
].sort();

test.each(Object.keys(places))("after the demo was killed in the middle, over %s", async (transport) => {
  const folder = freshFolder();
  const args = [...(places[transport] ?? []), ...work];
  const first = demo([...args, ...slow], { folder });
  await first.printed(/(?:^Consumer-\d consumed [\s\S]*){8}/m);
  first.child.kill("SIGKILL");
  await first.ended;

  const { code, stdout, stderr } = await run([...args, ...quick, "--resume"], { folder });
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Buffer opened again, with max size 5");
  expect(stdout).toMatch(/^Producer-1 put P1-\d+ \(\d+ of 40\)$/m);
  expect(linesOf(stdout).at(-1)).toMatch(/^\d+ produced, \d+ consumed, 0 remaining$/);
  // None is missing, and what was put before is not put again.
  expect([...new Set(linesOf(readFileSync(join(folder, "out"), "utf8")))].sort()).toEqual(all);
  const again = linesOf(stdout).flatMap(
    (line) => /^Producer-\d put (P.*) \(/.exec(line)?.[1]?.split(", ") ?? [],
  );
  expect(new Set(again).size).toBe(again.length);
  expect(again).not.toContain("P1-1");
  // Drained, and so removed. The socket of the broker that was killed with the demo stays in the folder for temporary files.
  const left = leftIn(folder).filter((name) => !name.startsWith("sluice-demo-"));
  expect(left.filter((name) => name !== "here.lock")).toEqual(["out"]);
});

test("a demo that was killed without a --path has said how to go on, and then nothing is left", async () => {
  const folder = freshFolder();
  const args = ["--transport", "shm", "--items", "9", "--produce-ms", "0", "--consume-ms"];
  const first = demo([...args, "60000"], { folder });
  const [, options = ""] = await first.printed(/^If the demo is killed, go on with (.*)$/m);
  await first.printed(/met the full buffer/);
  first.child.kill("SIGKILL");
  await first.ended;
  const place = options.split(" ").at(-1) ?? "";
  expect(existsSync(place), options).toBe(true);

  const { code, stdout, stderr } = await run([...args.slice(2), "0", ...options.split(" ")], { folder });
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^\d items are in it$/m);
  expect(existsSync(dirname(place)), dirname(place)).toBe(false);
});

test("what was sealed is only drained, and what is kept again stays", async () => {
  const folder = freshFolder();
  const args = ["--path", "here", "--items", "9", "--produce-ms", "0"];
  const first = demo([...args, "--consume-ms", "60000"], { folder });
  await first.printed(/met the full buffer/);
  first.child.kill("SIGINT");
  await first.printed(/the consumers drain the buffer/);
  first.child.kill("SIGINT");
  expect((await first.ended).code).toBe(4);

  const second = await run([...args, "--consume-ms", "0", "--resume", "--keep"], { folder });
  expect(second.code, second.stdout + second.stderr).toBe(0);
  expect(second.stdout).not.toMatch(/^Producer/m);
  expect(second.stdout).toMatch(/^5 items are in it; it is sealed, and only drained$/m);
  expect(second.stdout).toContain(`The buffer is kept at ${join(folder, "here")}`);
  expect(linesOf(second.stdout).at(-1)).toBe("0 produced, 5 consumed, 0 remaining");

  const third = await run([...args, "--consume-ms", "0", "--resume"], { folder });
  expect(third.code, third.stdout).toBe(0);
  expect(third.stdout).toMatch(
    /^It is sealed, and nothing in it is left to consume: there is nothing to do$/m,
  );
  expect(third.stdout).toMatch(/^taken up: nothing was left to consume in the buffer, which is sealed/m);
  expect(linesOf(third.stdout).at(-1)).toBe("0 produced, 0 consumed, 0 remaining");
  expect(existsSync(join(folder, "here"))).toBe(false);
});

test("another capacity than it has, and lines of an input, are refused; the buffer stays as it is", async () => {
  const folder = freshFolder();
  const transport = fileTransport({ path: join(folder, "here") });
  const buffer = await createBuffer(transport, { capacity: 3, codec: bytes });
  const producer = await buffer.producer();
  await producer.put(Buffer.from("a line"));
  await buffer.close();

  const other = await run(["--path", "here", "--resume", "--capacity", "4"], { folder });
  expect({ code: other.code, stdout: other.stdout }).toEqual({ code: 2, stdout: "" });
  expect(other.stderr).toMatch(
    /^demo: The buffer at --path "here" cannot be resumed: [^\n]*capacity: 4 here, 3 in the buffer[^\n]*\n$/,
  );
  const lines = await run(["--path", "here", "--resume"], { folder });
  expect({ code: lines.code, stdout: lines.stdout }).toEqual({ code: 2, stdout: "" });
  expect(lines.stderr).toContain("it holds lines of an --input, and is not sealed");

  const there = await openBuffer(transport);
  expect(await there.counts()).toMatchObject({ ready: 1, sealed: false });
  await there.seal();
  await there.close();
  const drained = await run(["--path", "here", "--resume", "--output", "out"], { folder });
  expect(drained.code, drained.stderr).toBe(0);
  expect(readFileSync(join(folder, "out"), "utf8")).toBe("a line\n");
});
