// Ctrl-C through the README's own command, on a terminal, where it reaches every process in the foreground.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { root } from "./workspace.js";

const CTRL_C = "\u0003";
const DEMO = "npx -y pnpm@12.21.0 demo --transport file --plain --items 200,200 --produce-ms 0";

/** `script` makes the terminal. */
const hasScript = spawnSync("script", ["--version"]).stdout?.includes("util-linux") ?? false;

/** What a shell in the foreground runs. */
function onTerminal(command: string) {
  const folder = mkdtempSync(join(tmpdir(), "sluice-terminal-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { npm_config_package: _, npm_config_call: __, ...env } = process.env;
  // The shell itself is not ended by Ctrl-C, and stays until it is told: as one that has a prompt.
  const child = spawn(
    "script",
    ["-qefc", `trap : INT; ${command}; echo "code $?"; read -r end`, "/dev/null"],
    {
      cwd: root,
      env: { ...env, NO_COLOR: "1", TMPDIR: folder, SHELL: "/bin/sh" },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let shown = "";
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text.replaceAll("\r", "");
    for (const watcher of watchers) watcher();
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return {
    folder,
    ended,
    type: (keys: string) => void child.stdin.write(keys),
    shown: () => shown,
    until: (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => pattern.test(shown) && resolve();
        watchers.add(look);
        look();
        void ended.then(() => reject(new Error(`Ended without ${pattern}:\n${shown}`)));
      }),
  };
}

function isAlive(pid: number): boolean {
  // One that has ended, and whose parent has not looked yet, is not alive.
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function workersOf(shown: string): number[] {
  return [...shown.matchAll(/ started \(process (\d+)\)/g)].map(([, pid]) => Number(pid));
}

test.skipIf(!hasScript)("the first Ctrl-C waits for the drain (needs script of util-linux)", async () => {
  const terminal = onTerminal(`${DEMO} --consume-ms 20-40`);
  await terminal.until(/^Consumer-\d consumed /m);
  terminal.type(CTRL_C);
  await terminal.until(/^code \d+$/m);
  expect(terminal.shown()).toMatch(/^SIGINT: the producers stop, the consumers drain the buffer$/m);
  expect(terminal.shown()).toMatch(/^(\d+) produced, \1 consumed, 0 remaining\n[\s\S]*^code 130$/m);
  expect(workersOf(terminal.shown())).toHaveLength(4);
  expect(workersOf(terminal.shown()).filter(isAlive)).toEqual([]);
  expect(readdirSync(terminal.folder)).toEqual([]);
  terminal.type("\n");
  await terminal.ended;
});

test.skipIf(!hasScript)(
  "at the second Ctrl-C pnpm does not wait; the demo ends below the prompt (needs script of util-linux)",
  async () => {
    const terminal = onTerminal(`${DEMO} --consume-ms 60000`);
    await terminal.until(/met the full buffer/);
    terminal.type(CTRL_C);
    await terminal.until(/the consumers drain the buffer$/m);
    terminal.type(CTRL_C);
    await terminal.until(/^5 produced, 0 consumed, 5 remaining$/m);
    expect(terminal.shown()).toMatch(/^SIGINT: the consumers give back what they hold and stop$/m);
    expect(terminal.shown()).toMatch(/^The buffer is kept at /m);
    expect(workersOf(terminal.shown()).filter(isAlive)).toEqual([]);
    terminal.type("\n");
    await terminal.ended;
  },
);
