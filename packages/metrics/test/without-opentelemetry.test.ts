// Goal: who does not use OpenTelemetry need not install it, and who wants it is told how.
// Method: the package as it is published, in a folder that has core beside it and nothing else.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-without-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const name of ["metrics", "core", "transport-memory"]) {
  const installed = join(folder, "node_modules/@sluice", name);
  mkdirSync(installed, { recursive: true });
  for (const part of ["package.json", "dist"]) {
    const source = fileURLToPath(new URL(`../../${name}/${part}`, import.meta.url));
    cpSync(source, join(installed, part), { recursive: true });
  }
}

function program(text: string): { status: number | null; printed: string } {
  const args = ["--input-type=module", "--eval", text];
  // pnpm names there what it installed for this test's own tools.
  const env = { ...process.env, NODE_PATH: "" };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { status, printed: stdout + stderr };
}

const A_RUN = `
  import { run } from "@sluice/core";
  import { memoryTransport } from "@sluice/transport-memory";
  const running = run({
    transport: memoryTransport(),
    create: { capacity: 1 },
    producers: { module: "data:text/javascript,export default function* () { yield 1; }" },
    consumers: { module: "data:text/javascript,export default function () {}" },
  });
`;

test("the program of this test has no @opentelemetry/api", () => {
  expect(program(`await import("@opentelemetry/api")`).printed).toContain("ERR_MODULE_NOT_FOUND");
});

test("the diagnostics part and the list of metrics work without it", () => {
  const { status, printed } = program(`
    import { subscribe } from "node:diagnostics_channel";
    import { RUN_METRICS } from "@sluice/metrics";
    import { publishRun } from "@sluice/metrics/diagnostics";
    ${A_RUN}
    subscribe("sluice:run:sealed", ({ event }) => console.log(event.kind, RUN_METRICS.produced.name));
    publishRun(running);
    await running.report;
  `);
  expect(printed).toBe("sealed sluice.items.produced\n");
  expect(status).toBe(0);
});

test.each(["observeRun(running)", 'observeBuffer(buffer, { name: "jobs" })'])(
  "%s without a meter says what to install",
  (call) => {
    const { printed } = program(`
      import { createBuffer } from "@sluice/core";
      import { observeBuffer, observeRun } from "@sluice/metrics/opentelemetry";
      ${A_RUN}
      const buffer = await createBuffer(memoryTransport(), { capacity: 1 });
      try {
        ${call};
      } catch (error) {
        console.log(error.name, error.code, error.message);
      }
      await running.report;
    `);
    expect(printed).toMatch(/^BufferError CAPABILITY_MISSING .*: npm install @opentelemetry\/api\n$/);
  },
);
