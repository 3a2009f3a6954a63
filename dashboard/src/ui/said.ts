import { ApiError, type Refusal } from "~/api/errors";
import type { Texts } from "~/i18n";

/** What to tell a person about something that failed: the server's own words, the bad fields one by one where it names them. */
export function said(error: unknown, t: Texts["t"]): string {
  if (error instanceof ApiError) return refused(error, t);
  return error instanceof Error ? error.message : String(error);
}

export function refused({ status, code, message, fields }: Refusal, t: Texts["t"]): string {
  if (status === 0) return t("error.offline");
  // Not of our server: what stands between has no words that would help.
  if (code === "http_413") return t("error.tooLarge");
  if (code.startsWith("http_") || !message) return t("error.between", { status });
  return fields.map((field) => `${field.field}: ${field.message}`).join("\n") || message;
}
