/** What the README says that a user of a server needs. */

import { readFileSync } from "node:fs";

/** The arguments of `ACL SETUSER`. */
export function minimalRule(): string[] {
  return match(/ACL SETUSER (?<rule>sluice .*)/).split(" ");
}

/** What comes to it on every node of a cluster. */
export function clusterRule(): string[] {
  return match(/in a Cluster `(?<rule>\+[^`]*)`/).split(" ");
}

function match(pattern: RegExp): string {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const rule = pattern.exec(readme)?.groups?.["rule"];
  if (rule === undefined) throw new Error(`Expected the README to have an ACL rule: ${pattern}`);
  return rule;
}
