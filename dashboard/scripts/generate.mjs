// Writes the types of the API client from the server's OpenAPI document. Not committed, so that they cannot lag behind it.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../crates/server/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);

const text = astToString(await openapiTS(source, { defaultNonNullable: false, emptyObjectsUnknown: true }));
const before = await readFile(target, "utf8").catch(() => "");
if (before !== text) await writeFile(target, text);
