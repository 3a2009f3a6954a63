/** The API document in Indonesian: what each operation does, and what each parameter, field and answer means. Read by its page only. */
import { answers } from "./reference/answers";
import { devices } from "./reference/devices";
import { messages } from "./reference/messages";
import { requests } from "./reference/requests";
import { simulated } from "./reference/simulated";
import { webhooks } from "./reference/webhooks";
import { workspace } from "./reference/workspace";

export { OPERATIONS, TAGS } from "./reference/operations";

/** Each text is in one of them. */
export const PARTS = { requests, answers, workspace, messages, devices, simulated, webhooks };

const DESCRIPTIONS: Record<string, string | undefined> = Object.assign({}, ...Object.values(PARTS));

/** How the parts name an English text: without the breaks of its lines. */
export function key(english: string): string {
  return english.replace(/\s+/g, " ").trim();
}

export function described(english: string): string | undefined {
  return DESCRIPTIONS[key(english)];
}
