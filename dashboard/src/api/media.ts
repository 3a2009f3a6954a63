import { carried } from "./client";
import { ApiError, failure } from "./errors";

export interface KeptFile {
  media_url: string;
  type: string;
}

/** Keeps a person's file on the server, so that it can be sent by its address. The body is the file itself. */
export async function keepFile(file: File): Promise<KeptFile> {
  let response: Response;
  try {
    response = await fetch(`/v1/media?filename=${encodeURIComponent(file.name)}`, {
      method: "POST",
      headers: {
        "Accept-Language": carried.language,
        "Content-Type": "application/octet-stream",
        "X-CSRF-Token": carried.csrf,
      },
      body: file,
    });
  } catch (error) {
    throw new ApiError(0, "unreachable", error instanceof Error ? error.message : String(error));
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw failure(response, body);
  return (body as { data: KeptFile }).data;
}
