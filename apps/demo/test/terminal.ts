/** Runs the demo on a terminal of its own, and says what that shows: `script` makes the terminal, xterm's own code applies what is written to it. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import xterm from "@xterm/headless";
import { onTestFinished } from "vitest";
import { freshFolder, MAIN } from "./demo-process.js";

/** Tests on a terminal need `script` of util-linux. */
export const hasTerminal: boolean =
  spawnSync("script", ["--version"]).stdout?.includes("util-linux") ?? false;

export const SHOW_CURSOR = "\u001b[?25h";
const HIDE_CURSOR = "\u001b[?25l";
/** With this a picture is complete. */
const ERASE_BELOW = "\u001b[J";

export interface OnTerminal {
  readonly child: ChildProcess;
  readonly folder: string;
  /** Resolves to the exit code, when all that was written is on the screen. */
  readonly ended: Promise<number | null>;
  /** Everything that was written, as it came. */
  raw(): string;
  /** What the screen shows, and what has gone off its upper end. */
  lines(): string[];
  /** Resolves when the screen shows it, also if only for one picture; to whether the cursor was there then. */
  shown(pattern: RegExp): Promise<{ readonly isCursorShown: boolean }>;
  isCursorShown(): boolean;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Of the program that runs on it. */
  pid(): number;
}

export function onTerminal(
  args: readonly string[],
  options: {
    readonly columns?: number;
    readonly rows?: number;
    readonly env?: NodeJS.ProcessEnv;
    readonly nodeArgs?: readonly string[];
  } = {},
): OnTerminal {
  const { columns = 100, rows = 30, env, nodeArgs = [] } = options;
  const folder = freshFolder();
  const node = [process.execPath, ...nodeArgs, MAIN, ...args].map((word) => `'${word}'`).join(" ");
  const setUp = `ulimit -c 0; stty rows ${rows} cols ${columns}; tty > .test-tty; echo $$ > .test-pid`;
  const { FORCE_COLOR: _, NO_COLOR: __, CI: ___, ...rest } = process.env;
  const child = spawn("script", ["-qefc", `${setUp}; exec ${node}`, "/dev/null"], {
    cwd: folder,
    env: { ...rest, TERM: "xterm-256color", LC_ALL: "C.UTF-8", TMPDIR: folder, SHELL: "/bin/sh", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 5000 });
  let raw = "";
  /** Of that, what is on the screen. */
  let written = "";
  let unseen = 0;
  const watchers = new Set<() => void>();
  const look = () => {
    for (const watcher of watchers) watcher();
  };
  child.stdin.on("error", () => {});
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
    // Picture by picture: where this process is late, several come at once.
    for (const part of picturesIn(text)) {
      unseen++;
      terminal.write(part, () => {
        unseen--;
        written += part;
        look();
      });
    }
  });
  const lines = () => {
    const { active } = terminal.buffer;
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? "");
  };
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", (code) => {
      const seen = () => unseen === 0 && resolve(code);
      watchers.add(seen);
      seen();
    });
  });
  const read = (name: string) => readFileSync(join(folder, name), "utf8").trim();
  return {
    child,
    folder,
    ended,
    raw: () => raw,
    lines,
    shown: (pattern) =>
      new Promise((resolve, reject) => {
        const seen = () => {
          if (!pattern.test(lines().join("\n"))) return;
          watchers.delete(seen);
          resolve({ isCursorShown: isCursorShownAfter(written) });
        };
        watchers.add(seen);
        seen();
        void ended.then((code) =>
          reject(new Error(`Ended with ${code} and without ${pattern}:\n${lines().join("\n").trimEnd()}`)),
        );
      }),
    isCursorShown: () => isCursorShownAfter(raw),
    type: (keys) => void child.stdin.write(keys),
    resize(columns, rows) {
      terminal.resize(columns, rows);
      execFileSync("stty", ["-F", read(".test-tty"), "cols", `${columns}`, "rows", `${rows}`]);
    },
    pid: () => Number(read(".test-pid")),
  };
}

function isCursorShownAfter(text: string): boolean {
  return text.lastIndexOf(SHOW_CURSOR) >= text.lastIndexOf(HIDE_CURSOR);
}

/** The last part is what comes after the last whole one. */
function picturesIn(text: string): string[] {
  const parts = text.split(ERASE_BELOW);
  return parts.map((part, n) => (n < parts.length - 1 ? part + ERASE_BELOW : part));
}
