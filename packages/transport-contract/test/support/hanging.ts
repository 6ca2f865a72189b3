/** A harness whose child processes hang, in a folder of its own, and what is left of them. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const kit = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
const transport = JSON.stringify(new URL("../hanging-transport.mjs", import.meta.url).href);

export interface Hanging {
  /** Of the harness. */
  readonly module: string;
  readonly env: { readonly TMPDIR: string; readonly HANGING_PIDS: string };
  /** Child processes that came so far as to hang. */
  pids(): number[];
  /** Names in the folder for temporary files. */
  temporary(): string[];
  /** Times that the harness's cleanup was called. */
  cleanups(): number;
  remove(): void;
}

export function hanging(): Hanging {
  const folder = mkdtempSync(join(tmpdir(), "sluice-hanging-"));
  const [TMPDIR, HANGING_PIDS] = [join(folder, "tmp"), join(folder, "pids")];
  const cleaned = join(folder, "cleaned");
  mkdirSync(TMPDIR);
  const module = join(folder, "harness.mjs");
  writeFileSync(
    module,
    `import { appendFileSync } from "node:fs";
     import { join } from "node:path";
     import { filesInDirectories } from ${kit};
     import { hangingTransport } from ${transport};
     const places = filesInDirectories((directory) => hangingTransport({ path: join(directory, "buffer") }));
     export default {
       ...places,
       cleanup(transport) {
         appendFileSync(${JSON.stringify(cleaned)}, "x");
         places.cleanup(transport);
       },
       capabilities: hangingTransport({ path: "." }).capabilities,
       wishes: { durability: "none" },
     };`,
  );
  const text = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  return {
    module,
    env: { TMPDIR, HANGING_PIDS },
    pids: () => text(HANGING_PIDS).split("\n").filter(Boolean).map(Number),
    temporary: () => readdirSync(TMPDIR).filter((name) => name.startsWith("sluice")),
    cleanups: () => text(cleaned).length,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** One that has ended and is not yet waited for is no more. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
