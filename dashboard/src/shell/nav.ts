import { Code2, Inbox, LayoutDashboard, type LucideIcon, Megaphone, Settings, Smartphone } from "lucide-react";
import type { Part } from "~/api/types";
import type { Key } from "~/i18n/phrase";

export interface Place {
  to: "/" | "/inbox" | "/devices" | "/broadcast" | "/developers" | "/settings";
  part: Part;
  name: Key;
  icon: LucideIcon;
  /** Pressed after `g`. */
  key: string;
}

export const PLACES: readonly Place[] = [
  { to: "/", part: "usage", name: "nav.overview", icon: LayoutDashboard, key: "o" },
  { to: "/inbox", part: "conversations", name: "nav.inbox", icon: Inbox, key: "i" },
  { to: "/devices", part: "devices", name: "nav.devices", icon: Smartphone, key: "d" },
  { to: "/broadcast", part: "settings", name: "nav.broadcast", icon: Megaphone, key: "b" },
  { to: "/developers", part: "keys", name: "nav.developers", icon: Code2, key: "v" },
  { to: "/settings", part: "settings", name: "nav.settings", icon: Settings, key: "s" },
];
