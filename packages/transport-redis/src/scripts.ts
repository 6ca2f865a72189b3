/** The scripts, each a file of its own in `lua`, with the parts that it names put in front of it. */

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
  "put",
  "register",
  "remove",
  "requeue",
  "seal",
  "settle",
] as const;

export type ScriptName = (typeof NAMES)[number];

const FOLDER = new URL("../lua/", import.meta.url);

export const scripts: Readonly<Record<ScriptName, Script>> = Object.freeze(
  Object.fromEntries(NAMES.map((name) => [name, load(name)])) as Record<ScriptName, Script>,
);

/** Its first line says to the server what it may do, so that one stays first. */
function load(name: ScriptName): Script {
  const [flags = "", parts = "", ...rest] = read(name).split("\n");
  const named = /^--@parts (?<names>.+)$/.exec(parts)?.groups?.["names"];
  const body = named === undefined ? [parts, ...rest] : rest;
  const before = (named?.split(" ") ?? []).map((part) => read(`parts/${part}`));
  const source = [flags, ...before, ...body].filter((line) => !/^\s*(--.*)?$/.test(line)).join("\n");
  return { name, source, sha: createHash("sha1").update(source).digest("hex") };
}

function read(name: string): string {
  return readFileSync(new URL(`${name}.lua`, FOLDER), "utf8");
}
