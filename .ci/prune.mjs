// Removes what earlier builds left in ./dist of sources that are gone, and chunks that nothing imports any more: it would be published.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";

const outputs = existsSync("dist") ? readdirSync("dist", { recursive: true }).map(String) : [];
const imported = new Set(
  outputs
    .filter((output) => output.endsWith(".js"))
    .flatMap((output) => [...readFileSync(`dist/${output}`, "utf8").matchAll(/"\.[^"]*\/([\w-]+)\.js"/g)])
    .map(([, name]) => name),
);
for (const output of outputs) {
  const stem = /^(.*?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(output)?.[1];
  const chunk = /^chunks[\\/](.+)$/.exec(stem ?? "")?.[1];
  const isNeeded = chunk === undefined ? existsSync(`src/${stem}.ts`) : imported.has(chunk);
  if (stem !== undefined && !isNeeded) rmSync(`dist/${output}`);
}
