import type { Channel } from "~/api/types";

/** The channels on which an address of digits alone is a phone number; on the others it is an id that only looks like one. */
const BY_PHONE: readonly Channel[] = ["whatsapp", "whatsapp-official"];

/** A phone number in groups, as people read it; other addresses as they are. Indonesian mobile numbers begin with 62. */
export function grouped(address: string, channel: Channel): string {
  if (!BY_PHONE.includes(channel) || !/^\d{7,15}$/.test(address)) return address;
  if (address.startsWith("62")) return `+62 ${groups(address.slice(2), [3, 4, 4])}`;
  return `+${groups(address, [2, 3, 4, 4])}`;
}

function groups(digits: string, sizes: readonly number[]): string {
  const parts: string[] = [];
  let rest = digits;
  for (const size of sizes) {
    if (!rest) break;
    parts.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  if (rest) parts.push(`${parts.pop() ?? ""}${rest}`);
  return parts.join(" ");
}
