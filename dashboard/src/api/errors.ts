import type { FieldError } from "./types";

/** What a server says when it does not do what it was asked. */
export interface Refusal {
  /** Of HTTP; 0 where no server answered. */
  status: number;
  /** Ours, or `http_413` where something between did not let it through. */
  code: string;
  message: string;
  fields: FieldError[];
  requestId: string | null;
}

/** Why a request came to nothing, as the server says it; code `unreachable` where no server answered. */
export class ApiError extends Error implements Refusal {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: FieldError[] = [],
    readonly requestId: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }

  get forbidden(): boolean {
    return this.status === 403;
  }
}

interface FailureBody {
  message?: string;
  error?: { code?: string; fields?: FieldError[]; request_id?: string };
}

export function failure(response: Response, body: unknown): ApiError {
  const said: FailureBody = typeof body === "object" && body !== null ? body : {};
  return new ApiError(
    response.status,
    said.error?.code ?? `http_${response.status}`,
    said.message ?? response.statusText,
    said.error?.fields ?? [],
    said.error?.request_id ?? response.headers.get("x-request-id"),
  );
}
