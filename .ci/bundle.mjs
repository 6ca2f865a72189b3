// Bundles ./src into ./dist, beside the declarations that tsc puts there: a process that uses the package loads a few files
// instead of a hundred. Every module keeps its address (`dist/x.js` of `src/x.ts`, for programs, threads and tests), but what it
// holds lies once, in a chunk with all that the same programs need: packages/core/decisions/ says why.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join, posix, relative, sep } from "node:path";
import { rolldown } from "rolldown";

const src = join(process.cwd(), "src");
/** @param {string} path */
const slashed = (path) => path.replaceAll(sep, "/");
/** @param {string} name */
const idOf = (name) => join(src, `${name}.ts`);
const modules = readdirSync(src, { recursive: true })
  .map((path) => slashed(String(path)))
  .filter((path) => path.endsWith(".ts"))
  .map((path) => path.slice(0, -".ts".length))
  .sort();

// Where a process or a thread begins, and where a program does that imports the package.
const { exports, bin } = JSON.parse(readFileSync("package.json", "utf8"));
const offered = JSON.stringify([exports, bin ?? {}]);
/** @param {string} name */
const isBeginning = (name) => /-(?:main|preload)$/.test(name) || offered.includes(`"./dist/${name}.js"`);
/**
 * Of every module, by its id: the beginnings that import it, however far away.
 * @type {Map<string, string[]>}
 */
const reachedFrom = new Map();

const URL_BESIDE = /new URL\("(\.[^"]+)", import\.meta\.url\)/g;
// A URL beside a module is not one beside the chunk that the module ends in.
const FROM_DIST = "dist-of-this-package:";

/** @type {import("rolldown").Plugin} */
const plugin = {
  name: "sluice",
  transform: {
    filter: { id: /\.ts$/, code: "import.meta.url" },
    handler(code, id) {
      const folder = slashed(relative(src, dirname(id)));
      const written = code.replace(URL_BESIDE, (_, path) => {
        const target = posix.join(folder, path);
        if (target.endsWith(".js") && !isBeginning(target.slice(0, -".js".length)))
          this.error(
            `${id}: expected what is loaded by its URL to be named x-main or x-preload, got ${path}`,
          );
        return `new URL("${FROM_DIST}${target}", import.meta.url)`;
      });
      const others = written.split(/new URL\("[^"]+", import\.meta\.url\)/).join("");
      if (!id.endsWith("-main.ts") && /(?<!`)import\.meta\.url/.test(others))
        this.error(`${id}: expected new URL("./x.js", import.meta.url), got a URL that is its chunk's own`);
      // Lines stay lines.
      return { code: written, map: null };
    },
  },
  buildEnd(error) {
    if (error !== undefined) return;
    for (const beginning of modules.filter(isBeginning)) {
      const reached = new Set([idOf(beginning)]);
      for (const id of reached)
        for (const imported of this.getModuleInfo(id)?.importedIds ?? [])
          if (imported.startsWith(src)) reached.add(imported);
      for (const id of reached) reachedFrom.set(id, [...(reachedFrom.get(id) ?? []), beginning]);
    }
  },
  generateBundle(_, output) {
    for (const [name, chunk] of Object.entries(output)) {
      if (chunk.type !== "chunk") continue;
      // Types alone.
      if (/^export \{\s*\};\s*$/.test(chunk.code)) delete output[name];
      const dist = posix.relative(posix.dirname(name), "") || ".";
      chunk.code = chunk.code.replaceAll(FROM_DIST, `${dist}/`);
    }
  },
};

/**
 * The chunk of a module, named after the beginnings that need it. It imports only chunks that all of these need, and perhaps more:
 * no two chunks import each other.
 * @param {string} id
 */
function chunkOf(id) {
  const beginnings = reachedFrom.get(id);
  // What a program does when it is loaded must not happen to those who want another module of its chunk.
  if (beginnings === undefined || isBeginning(slashed(relative(src, id)).slice(0, -".ts".length)))
    return null;
  return beginnings.map((name) => basename(name).replace(/-(?:main|preload)$/, "")).join("_");
}

const bundle = await rolldown({
  input: Object.fromEntries(modules.map((name) => [name, idOf(name)])),
  external: /^[^./]/,
  platform: "node",
  transform: { target: "es2022" },
  preserveEntrySignatures: "allow-extension",
  plugins: [plugin],
  onLog(_, log) {
    throw new Error(log.message);
  },
});
const { output } = await bundle.write({
  dir: "dist",
  sourcemap: true,
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name].js",
  codeSplitting: {
    // Recursively it would take with it what a chunk's modules import, whoever else needs that.
    groups: [{ name: chunkOf, debugName: "by need", includeDependenciesRecursively: false }],
  },
});
await bundle.close();

// Of an earlier build, that made more of a module, or other chunks.
const written = new Set(output.map(({ fileName }) => fileName));
const chunks = existsSync("dist/chunks") ? readdirSync("dist/chunks").map((name) => `chunks/${name}`) : [];
for (const file of [...chunks, ...modules.flatMap((name) => [`${name}.js`, `${name}.js.map`])])
  if (!written.has(file)) rmSync(join("dist", file), { force: true });
