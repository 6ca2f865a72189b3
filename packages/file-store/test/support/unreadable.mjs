// Loaded before everything else: what lies below /proc cannot be read, if its path ends like this.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const end = process.env.UNREADABLE ?? "";
const { readFileSync } = fs;
fs.readFileSync = (path, ...rest) => {
  if (String(path).startsWith("/proc/") && String(path).endsWith(end))
    throw Object.assign(new Error(`EIO: i/o error, open '${path}'`), { code: "EIO" });
  return readFileSync(path, ...rest);
};
syncBuiltinESMExports();
