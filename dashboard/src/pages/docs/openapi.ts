import { queryOptions } from "@tanstack/react-query";
import { ApiError, failure } from "~/api/errors";

/** As much of an OpenAPI document as the reference shows. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  example?: unknown;
  examples?: unknown[];
  default?: unknown;
}
interface Media {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { value?: unknown }>;
}
export interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  description?: string;
  required?: boolean;
  schema?: Schema;
  $ref?: string;
}
export interface Response {
  $ref?: string;
  description?: string;
  /** The description in Indonesian, where the server has one. */
  "x-description-id"?: string;
  content?: Record<string, Media>;
}
export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Response>;
  method: string;
  path: string;
}
export interface Document {
  info: { title: string; version: string; description?: string };
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Omit<Operation, "method" | "path">>>;
  components: { schemas: Record<string, Schema>; responses?: Record<string, Response> };
}

export const documentQuery = queryOptions({
  queryKey: ["openapi"],
  queryFn: async () => {
    const response = await fetch("/openapi.json").catch((error: unknown) => {
      throw new ApiError(0, "unreachable", String(error));
    });
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) throw failure(response, body);
    return body as Document;
  },
  staleTime: Number.POSITIVE_INFINITY,
});

export function operations(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}

function last(ref: string): string {
  return ref.split("/").at(-1) ?? "";
}

export function resolved(document: Document, schema: Schema | undefined): Schema {
  if (!schema) return {};
  if (schema.$ref) return resolved(document, document.components.schemas[last(schema.$ref)]);
  const other = (schema.oneOf ?? schema.anyOf)?.find((each) => each.type !== "null");
  if (other && !schema.properties && (schema.oneOf ?? schema.anyOf ?? []).length <= 2)
    return { ...resolved(document, other), description: other.description ?? schema.description };
  if (schema.allOf) {
    const parts = schema.allOf.map((each) => resolved(document, each));
    return {
      ...Object.assign({}, ...parts),
      properties: Object.assign({}, ...parts.map((each) => each.properties)),
      required: parts.flatMap((each) => each.required ?? []),
    };
  }
  return schema;
}

export function answered(document: Document, response: Response): Response {
  return (response.$ref && document.components.responses?.[last(response.$ref)]) || response;
}

/** What an operation answers when it is done: the `data`, of a list one entry of it. */
export function answerData(document: Document, operation: Operation): Schema | undefined {
  const done = Object.entries(operation.responses).find(([status]) => status.startsWith("2"))?.[1];
  const body = done && answered(document, done).content?.["application/json"]?.schema;
  const data = body && resolved(document, resolved(document, body).properties?.data);
  return data?.items ? resolved(document, data.items) : data;
}

export interface Field {
  /** With those it is within: `content.text`, `buttons[].id`. */
  path: string;
  required: boolean;
  type: string;
  description: string | undefined;
}

/** How deep fields are shown within fields. */
const DEPTH = 4;

/** The fields of an object, each followed by those within it. */
export function fields(document: Document, schema: Schema, within = "", depth = 1): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, given]) => {
    const found = resolved(document, given);
    const path = within + name;
    const required = schema.required?.includes(name) ?? false;
    const description = given.description ?? found.description;
    const items = found.items && resolved(document, found.items);
    const field = { path, required, type: items ? `${typeName(items)}[]` : typeName(found), description };
    if (depth === DEPTH) return [field];
    return [field, ...fields(document, items ?? found, items ? `${path}[].` : `${path}.`, depth + 1)];
  });
}

export function typeName(schema: Schema): string {
  if (schema.enum) return schema.enum.map(String).join(" | ");
  const types = Array.isArray(schema.type) ? schema.type.filter((type) => type !== "null") : [schema.type ?? "object"];
  return types.join(" | ");
}

/** A body to begin with: the document's own example, else one made of the fields' examples. */
export function exampleBody(document: Document, operation: Operation): string | null {
  const media = operation.requestBody?.content["application/json"];
  if (!media) return null;
  const given =
    media.example ?? Object.values(media.examples ?? {})[0]?.value ?? resolved(document, media.schema).example;
  return JSON.stringify(given ?? made(document, media.schema), null, 2);
}

function made(document: Document, schema: Schema | undefined): unknown {
  const found = resolved(document, schema);
  if (found.example !== undefined) return found.example;
  if (found.examples?.[0] !== undefined) return found.examples[0];
  if (found.enum) return found.enum[0];
  if (found.properties) {
    const required = Object.entries(found.properties).filter(([name]) => found.required?.includes(name));
    return Object.fromEntries(required.map(([name, each]) => [name, made(document, each)]));
  }
  return typeName(found).startsWith("array")
    ? []
    : typeName(found) === "integer"
      ? 0
      : typeName(found) === "boolean"
        ? false
        : "";
}
