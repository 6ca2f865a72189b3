/** What `@sluice/transport-file` exports, and nothing else. */

export { type FileTransportOptions, fileTransport, transportAt } from "./file-transport.js";
