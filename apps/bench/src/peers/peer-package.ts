/** Packages that are not in the workspace: `peers/package.json` has their versions, and they are loaded from there. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Readiness } from "../candidate.js";

const load = createRequire(new URL("../../peers/package.json", import.meta.url));
const INSTALL = "npx -y pnpm@12.21.0 -C apps/bench/peers install --frozen-lockfile";

/** @typeParam T - what is used of it. */
export function loadPeer<T>(name: string): T {
  return load(name) as T;
}

/** Whether it is there and loads. `describe` adds to its version. */
export function peerReadiness<T>(name: string, describe: (peer: T) => string = () => ""): Readiness {
  try {
    const peer = loadPeer<T>(name);
    return { isReady: true, version: `${name} ${versionOf(load.resolve(name))}${describe(peer)}` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND")
      return { isReady: false, why: `${name} is not installed`, install: INSTALL };
    return { isReady: false, why: `${name} does not load: ${(error as Error).message}` };
  }
}

/** Whether a server is there and the package of its client too. */
export function readinessWith(server: Readiness, client: string): Readiness {
  if (!server.isReady) return server;
  const readiness = peerReadiness(client);
  if (!readiness.isReady) return readiness;
  return { isReady: true, version: `${readiness.version}, ${server.version}` };
}

// Not every package lets its own description be loaded.
function versionOf(entry: string): string {
  let directory = dirname(entry);
  while (!existsSync(join(directory, "package.json")) && directory !== dirname(directory))
    directory = dirname(directory);
  const { version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    version?: string;
  };
  return version ?? "unknown";
}
