import { AtSign, Camera, type LucideIcon, MessageCircle, Send, ShieldCheck } from "lucide-react";
import type { Channel } from "~/api/types";
import type { Key } from "~/i18n/phrase";

/** One of the texts that a channel's settings are made of, as `POST /v1/devices` names it. */
export interface Setting {
  name: string;
  label: Key;
  about: Key;
  secret?: boolean;
  choices?: readonly string[];
}

export interface ChannelLook {
  name: string;
  about: Key;
  icon: LucideIcon;
  settings: readonly Setting[];
}

const META: readonly Setting[] = [
  { name: "access_token", label: "channel.accessToken", about: "channel.accessTokenAbout", secret: true },
  { name: "app_secret", label: "channel.appSecret", about: "channel.appSecretAbout", secret: true },
  { name: "verify_token", label: "channel.verifyToken", about: "channel.verifyTokenAbout" },
];

/** Whether its networks show *bold* and _italic_ for what is written so; others show the marks themselves. */
export function marks(channel: Channel): boolean {
  return channel === "whatsapp" || channel === "whatsapp-official";
}

export const CHANNEL: Record<Channel, ChannelLook> = {
  whatsapp: { name: "WhatsApp", about: "channel.whatsapp", icon: MessageCircle, settings: [] },
  "whatsapp-official": {
    name: "WhatsApp Official",
    about: "channel.official",
    icon: ShieldCheck,
    settings: [
      { name: "phone_number_id", label: "channel.phoneNumberId", about: "channel.phoneNumberIdAbout" },
      { name: "waba_id", label: "channel.wabaId", about: "channel.wabaIdAbout" },
      ...META,
    ],
  },
  telegram: {
    name: "Telegram",
    about: "channel.telegram",
    icon: Send,
    settings: [{ name: "token", label: "channel.botToken", about: "channel.botTokenAbout", secret: true }],
  },
  messenger: {
    name: "Messenger",
    about: "channel.messenger",
    icon: AtSign,
    settings: [{ name: "page_id", label: "channel.pageId", about: "channel.pageIdAbout" }, ...META],
  },
  instagram: {
    name: "Instagram",
    about: "channel.instagram",
    icon: Camera,
    settings: [
      { name: "account_id", label: "channel.accountId", about: "channel.accountIdAbout" },
      { name: "login", label: "channel.login", about: "channel.loginAbout", choices: ["facebook", "instagram"] },
      ...META,
    ],
  },
};
