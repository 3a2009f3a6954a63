import createClient from "openapi-fetch";
import { ApiError, failure } from "./errors";
import type { paths } from "./schema";

const UNSAFE = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** What every request carries; kept up to date by the session and the language switch. */
export const carried = { csrf: "", language: "id" };

export const api = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });

api.use({
  onRequest({ request }) {
    request.headers.set("Accept-Language", carried.language);
    if (UNSAFE.has(request.method) && carried.csrf) request.headers.set("X-CSRF-Token", carried.csrf);
    return request;
  },
  onError({ error }) {
    return new ApiError(0, "unreachable", error instanceof Error ? error.message : String(error));
  },
});

interface Reply<Body> {
  data?: Body;
  error?: unknown;
  response: Response;
}

async function body<Body>(reply: Promise<Reply<Body>>): Promise<Body> {
  const { data, error, response } = await reply;
  if (data === undefined) throw failure(response, error);
  return data;
}

/** The `data` of an answer, or an {@link ApiError}. */
export async function answer<D>(reply: Promise<Reply<{ data: D }>>): Promise<D> {
  return (await body(reply)).data;
}

export interface Page<D> {
  data: D[];
  has_more: boolean;
  next_cursor?: string | null;
}

/** One page of a list, or an {@link ApiError}. */
export function page<D>(reply: Promise<Reply<Page<D>>>): Promise<Page<D>> {
  return body(reply);
}

/** The most that a list gives at once. */
const MOST = 100;

/** Every entry of a list, page after page: for what is shown whole, and searched and counted in the browser. */
export async function all<D>(read: (page: { limit: number; after?: string }) => Promise<Page<D>>): Promise<D[]> {
  const found: D[] = [];
  let after: string | undefined;
  do {
    const { data, has_more, next_cursor } = await read({ limit: MOST, after });
    found.push(...data);
    after = has_more ? (next_cursor ?? undefined) : undefined;
  } while (after !== undefined);
  return found;
}
