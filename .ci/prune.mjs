// Removes what an earlier build left in ./dist of sources that are gone: tsc never does, and it would be published.
import { existsSync, readdirSync, rmSync } from "node:fs";

const outputs = existsSync("dist") ? readdirSync("dist", { recursive: true }).map(String) : [];
for (const output of outputs) {
  const stem = /^(.*?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(output)?.[1];
  if (stem !== undefined && !existsSync(`src/${stem}.ts`)) rmSync(`dist/${output}`);
}
