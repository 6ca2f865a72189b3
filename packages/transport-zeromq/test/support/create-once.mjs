// Creates a buffer at a url and destroys it, or is ended by a signal before it can. A file, because Node resolves what a file
// imports through links.
import { createBuffer } from "@sluice/core";
import { zeromqTransport } from "../../dist/index.js";

const [url, end] = process.argv.slice(2);
const buffer = await createBuffer(zeromqTransport({ url }), { capacity: 5 });
if (end === "destroy") await buffer.destroy();
else {
  process.kill(process.pid, end);
  setInterval(() => {}, 1_000);
}
