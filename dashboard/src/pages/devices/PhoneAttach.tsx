import { ActionIcon, Menu } from "@mantine/core";
import { ChartBarBig, CircleHelp, MapPin, Mic, Paperclip, Plus, UserRound } from "lucide-react";
import { useRef } from "react";
import { keepFile } from "~/api/media";
import type { ContentType, Receives, UsePhone } from "~/api/types";
import { useI18n } from "~/i18n";
import { useAct } from "~/ui/useAct";
import { kindOf } from "./simulated";

/** What is sent, beside who sends it. */
export type Sent = Pick<UsePhone, "type"> & Partial<UsePhone>;

interface Props {
  receives: Receives | undefined;
  busy: boolean;
  onSend: (sent: Sent) => void;
}

/** What a person can send besides a text: files of their own, and one of each other kind. */
export function PhoneAttach({ receives, busy, onSend }: Props) {
  const { t } = useI18n();
  const picker = useRef<HTMLInputElement>(null);
  const voice = useRef<HTMLInputElement>(null);
  const types = receives?.types ?? [];
  const has = (type: ContentType) => types.includes(type);
  const keep = useAct(async ({ file, asVoice }: { file: File; asVoice: boolean }) => {
    const kept = await keepFile(file);
    onSend({ type: asVoice ? "voice" : kindOf(kept, types), media_url: kept.media_url });
  });
  const pick = (input: HTMLInputElement, asVoice: boolean) => {
    const file = input.files?.[0];
    input.value = "";
    if (file) keep.mutate({ file, asVoice });
  };
  return (
    <>
      <input
        ref={picker}
        type="file"
        hidden
        aria-label={t("phone.file")}
        onChange={({ currentTarget }) => pick(currentTarget, false)}
      />
      <input
        ref={voice}
        type="file"
        accept="audio/*"
        hidden
        aria-label={t("phone.voice")}
        onChange={({ currentTarget }) => pick(currentTarget, true)}
      />
      <Menu position="top-start">
        <Menu.Target>
          <ActionIcon aria-label={t("phone.more")} loading={busy || keep.isPending}>
            <Plus size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Paperclip size={15} />} onClick={() => picker.current?.click()}>
            {t("phone.file")}
          </Menu.Item>
          {has("voice") && (
            <Menu.Item leftSection={<Mic size={15} />} onClick={() => voice.current?.click()}>
              {t("phone.voice")}
            </Menu.Item>
          )}
          {has("location") && (
            <Menu.Item
              leftSection={<MapPin size={15} />}
              onClick={() =>
                onSend({ type: "location", location: { latitude: -6.175392, longitude: 106.827153, name: "Monas" } })
              }
            >
              {t("type.location")}
            </Menu.Item>
          )}
          {has("contact") && (
            <Menu.Item
              leftSection={<UserRound size={15} />}
              onClick={() => onSend({ type: "contact", contacts: [{ name: "Ana", phones: ["6281234567891"] }] })}
            >
              {t("type.contact")}
            </Menu.Item>
          )}
          {has("poll") && (
            <Menu.Item
              leftSection={<ChartBarBig size={15} />}
              onClick={() =>
                onSend({
                  type: "poll",
                  text: t("phone.question"),
                  poll: { options: [t("phone.today"), t("phone.tomorrow")] },
                })
              }
            >
              {t("type.poll")}
            </Menu.Item>
          )}
          {has("unsupported") && (
            <Menu.Item
              leftSection={<CircleHelp size={15} />}
              onClick={() => onSend({ type: "unsupported", kind_name: "view_once" })}
            >
              {t("phone.unsupported")}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
