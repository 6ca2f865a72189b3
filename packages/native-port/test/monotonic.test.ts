// The clock by which leases end is one for all processes, whatever the machine did while one of them started.

import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const module = new URL("../dist/index.js", import.meta.url).href;
const STOOD_MS = 500;

test.each(["hrtime", "now"])(
  "a process that stood still when it first read the clock, after %s, has the same time as the others",
  (read) => {
    const program = `
    const place = ${JSON.stringify(read)} === "now" ? performance : process;
    const readClock = place.${read}.bind(place);
    let isFirst = true;
    place.${read} = () => {
      const time = readClock();
      if (isFirst) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${STOOD_MS});
      isFirst = false;
      return time;
    };
    const machineMs = () => { const [s, ns] = process.hrtime(); return s * 1000 + ns / 1e6; };
    const { monotonicMs } = await import(${JSON.stringify(module)});
    const before = machineMs();
    const ms = monotonicMs();
    console.log(JSON.stringify({ isFirst, before, ms, after: machineMs() }));
  `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    const { isFirst, before, ms, after } = JSON.parse(stdout);
    expect(isFirst, "whether it read no clock").toBe(false);
    expect(ms, "its time, not before that of the machine").toBeGreaterThan(before - 1);
    expect(ms, "its time, not after that of the machine").toBeLessThan(after + 1);
  },
);
