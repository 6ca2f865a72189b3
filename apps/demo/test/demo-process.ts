/** Runs the demo as a user does, in a process of its own, and waits for what it prints. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unwarned } from "@sluice/test-support";
import { onTestFinished, vi } from "vitest";

export const MAIN: string = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DemoProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard output has matched. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
}

/** A folder of the test's own, also for the demo's temporary files. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-demo-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function demo(
  args: readonly string[],
  options: {
    readonly input?: string;
    readonly folder?: string;
    readonly env?: NodeJS.ProcessEnv;
    /** In a group of its own, as a shell starts it. */
    readonly detached?: boolean;
  } = {},
): DemoProcess {
  const { folder = freshFolder(), input, env, detached = false } = options;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder, ...env },
    detached,
    stdio: ["pipe", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL")); // where the test failed
  child.stdin.on("error", () => {}); // a demo that did not read to the end
  child.stdin.end(input);
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const watcher of watchers) watcher();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, stdout, stderr: unwarned(stderr) }));
  });
  return {
    child,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = stdout.match(pattern);
          if (match === null) return;
          watchers.delete(look);
          resolve(match);
        };
        watchers.add(look);
        look();
        void ended.then((end) => reject(new Error(`Ended without ${pattern}: ${JSON.stringify(end)}`)));
      }),
  };
}

export function run(...args: Parameters<typeof demo>): Promise<Ended> {
  return demo(...args).ended;
}

export function linesOf(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

export function eventsOf({ stdout }: Ended): Record<string, unknown>[] {
  return linesOf(stdout).map((line) => JSON.parse(line));
}

/** What the demo left in its folder. */
export function leftIn(folder: string): string[] {
  // Tests keep notes of their own there.
  return readdirSync(folder).filter((name) => !name.startsWith(".test-"));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Of all workers that were started so far; with `--json`. */
export async function pidsOf({ printed }: DemoProcess): Promise<number[]> {
  await printed(/"kind":"started"/);
  const { input = "" } = await printed(/[\s\S]*/);
  return [...input.matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid));
}

/** Resolves when it does not throw any more, and rejects with what it threw last. */
export async function until(holds: () => void): Promise<void> {
  await vi.waitFor(holds, { timeout: 60_000, interval: 20 });
}
