// `pnpm demo` and `pnpm bench`: builds what the app needs, silently unless that fails, then becomes the app.
//
// The app is imported, not spawned: its exit code, its signals and its standard input are then this process's own.
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { turbo } from "./turbo.mjs";

const [app, ...args] = process.argv.slice(2);
if (app === undefined) throw new TypeError("Expected the folder of an app");
const main = resolve(fileURLToPath(new URL("..", import.meta.url)), app, "dist/main.js");

// Standard input belongs to the app (`--input -`).
const build = turbo(["build", `--filter=./${app}`, "--output-logs=errors-only"], ["ignore", "pipe", "pipe"]);
if (build.code !== 0) {
  process.stderr.write(build.output);
  process.exit(build.code);
}
process.argv = [process.execPath, main, ...args];
await import(pathToFileURL(main).href);
