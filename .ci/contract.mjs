// `pnpm contract [--transport NAME] [--level LEVEL] [--effort N] [--seed N]`: the contract suite alone, on one transport or on all.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { turbo } from "./turbo.mjs";

const packages = fileURLToPath(new URL("../packages/", import.meta.url));
const names = readdirSync(packages)
  .filter((name) => name.startsWith("transport-") && existsSync(`${packages}${name}/package.json`))
  .filter((name) => "contract" in JSON.parse(readFileSync(`${packages}${name}/package.json`, "utf8")).scripts)
  .map((name) => name.slice("transport-".length));

/**
 * @param {string} message
 * @returns {never}
 */
function usage(message) {
  console.error(`${message} (transports: ${names.join(", ")})`);
  process.exit(2);
}

function options() {
  /** @type {{ type: "string" }} */
  const text = { type: "string" };
  try {
    return parseArgs({ options: { transport: text, level: text, effort: text, seed: text } }).values;
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

const { transport, ...how } = options();
if (transport !== undefined && !names.includes(transport)) usage(`There is no transport "${transport}"`);
// The suite reads and checks them.
for (const [name, value] of Object.entries(how)) process.env[`SLUICE_${name.toUpperCase()}`] = value;
const filters = (transport === undefined ? names : [transport]).map(
  (name) => `--filter=@sluice/transport-${name}`,
);
process.exitCode = turbo([
  "contract",
  ...filters,
  "--concurrency=1",
  "--continue=dependencies-successful",
]).code;
