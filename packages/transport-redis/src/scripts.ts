/** The scripts, each a file of its own in `lua`, with the parts that it names put in their places. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export interface Script {
  readonly name: ScriptName;
  readonly source: string;
  /** What `EVALSHA` names it by. */
  readonly sha: string;
}

const NAMES = [
  "counts",
  "create",
  "destroy",
  "drained",
  "enter",
  "kick",
  "leave",
  "list-dead",
  "part",
  "poll",
  "poll-slow",
  "put",
  "put-slow",
  "register",
  "remove",
  "requeue",
  "seal",
  "settle",
  "settle-slow",
] as const;

export type ScriptName = (typeof NAMES)[number];

const FOLDER = new URL("../lua/", import.meta.url);

export const scripts: Readonly<Record<ScriptName, Script>> = Object.freeze(
  Object.fromEntries(NAMES.map((name) => [name, load(name)])) as Record<ScriptName, Script>,
);

/** With its parts, and without comments. */
function load(name: ScriptName): Script {
  const source = whole(read(name))
    .split("\n")
    .filter((line) => !/^\s*(--.*)?$/.test(line))
    .join("\n");
  return { name, source, sha: createHash("sha1").update(source).digest("hex") };
}

function whole(text: string): string {
  return text.replace(/^--@include (.+)$/gm, (_, part: string) => whole(read(`parts/${part}`)));
}

function read(name: string): string {
  return readFileSync(new URL(`${name}.lua`, FOLDER), "utf8");
}
