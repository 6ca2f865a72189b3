// Removes what an earlier build left in ./dist of sources that are gone: tsc never does, and it would be published. Chunks are left to
// bundle.mjs, which knows those that it has written.
import { existsSync, readdirSync, rmSync } from "node:fs";

const outputs = existsSync("dist") ? readdirSync("dist", { recursive: true }).map(String) : [];
for (const output of outputs) {
  const stem = /^(?!chunks[\\/])(.*?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(output)?.[1];
  if (stem !== undefined && !existsSync(`src/${stem}.ts`)) rmSync(`dist/${output}`);
}
