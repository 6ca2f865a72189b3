/** A folder of a rule, which is gone after it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RuleContext } from "./context.js";
import { untilExit } from "./until-exit.js";

export function temporaryFolder(t: Pick<RuleContext, "hold">, prefix: string): string {
  const { path, remove } = passingFolder(prefix);
  t.hold(remove);
  return path;
}

export interface PassingFolder {
  readonly path: string;
  remove(): void;
}

/** One that its maker removes; or the end of this process. */
export function passingFolder(prefix: string, parent: string = tmpdir()): PassingFolder {
  const path = mkdtempSync(join(parent, prefix));
  // Whoever is given up may still be removing something there.
  const clear = () => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  const forget = untilExit(clear);
  return {
    path,
    remove() {
      forget();
      clear();
    },
  };
}
