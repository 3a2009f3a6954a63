// What a browser loads before the first page shows, compressed, must stay below this.
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const LIMIT = 300 * 1024;
const dist = new URL("../dist/", import.meta.url);
const html = await readFile(new URL("index.html", dist), "utf8");
const files = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]);

let total = gzipSync(html).length;
for (const file of files) total += gzipSync(await readFile(new URL(file, dist))).length;

const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
console.log(`first load: ${kilobytes(total)} compressed, of ${kilobytes(LIMIT)} allowed (${files.length} files)`);
if (total > LIMIT) process.exit(1);
