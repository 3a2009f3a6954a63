import type { Channel, ChatMessage, Receives, UsePhone } from "~/api/types";

/** As whom one writes on the simulated phone. */
export type Role = "customer" | "group" | "owner" | "alias";

/** A LID that nobody has: it is no number. */
const LID = "248133908062273";

/** The group in which simulated people meet. */
export function groupOf(channel: Channel): string {
  return channel === "telegram" ? "-1001234567890" : "120363025246125888@g.us";
}

/** The roles that the channel knows. */
export function roles(receives: Receives | undefined): Role[] {
  return [
    "customer",
    ...(receives?.groups ? (["group"] as const) : []),
    ...(receives?.echoes ? (["owner"] as const) : []),
    ...(receives?.from_lid ? (["alias"] as const) : []),
  ];
}

/** Who writes, and where, in the words of the API. */
export function writer(role: Role, person: string, channel: Channel): Partial<UsePhone> {
  if (role === "group") return { from: person, group_id: groupOf(channel) };
  if (role === "owner") return { echo: true, to: person };
  if (role === "alias") return { from: LID, from_lid: true, phone: person };
  return { from: person };
}

/** What a file is sent as: what it is, or a file where the channel has no such kind. */
export function kindOf(file: { type: string }, types: readonly string[]): UsePhone["type"] {
  const [major] = file.type.split("/");
  if (file.type === "image/webp" && types.includes("sticker")) return "sticker";
  if (major === "image" || major === "video" || major === "audio") return major;
  return "document";
}

/** Whether the person whose phone it is wrote this one, and may change it. */
export function isTheirs(
  message: Pick<ChatMessage, "direction" | "echo" | "sender">,
  role: Role,
  person: string,
): boolean {
  if (role === "owner") return message.echo;
  return message.direction === "in" && message.sender === person;
}
