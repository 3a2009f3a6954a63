import { ActionIcon, Menu } from "@mantine/core";
import { CheckSquare, CornerUpLeft, Ellipsis, Pencil, SmilePlus, Trash2 } from "lucide-react";
import type { ChatMessage, ContentType, Receives } from "~/api/types";
import { useI18n } from "~/i18n";
import type { Sent } from "./PhoneAttach";

/** What the next text is about. */
export interface Aim {
  act: "reply" | "edit";
  message: ChatMessage;
}

interface Props {
  message: ChatMessage;
  receives: Receives | undefined;
  /** Theirs to change and to take back. */
  theirs: boolean;
  onAim: (aim: Aim) => void;
  onSend: (sent: Sent) => void;
}

const EMOJI = ["👍", "❤️", "😂"];

/** What a person can do with one message on their phone. */
export function BubbleActs({ message, receives, theirs, onAim, onSend }: Props) {
  const { t } = useI18n();
  const has = (type: ContentType) => receives?.types.includes(type) ?? false;
  const { id } = message;
  if (message.type === "deleted" || !message.network_id) return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size="xs" aria-label={t("phone.acts")}>
          <Ellipsis size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<CornerUpLeft size={15} />} onClick={() => onAim({ act: "reply", message })}>
          {t("phone.reply")}
        </Menu.Item>
        {has("reaction") &&
          EMOJI.map((emoji) => (
            <Menu.Item
              key={emoji}
              leftSection={<SmilePlus size={15} />}
              onClick={() => onSend({ type: "reaction", message_id: id, text: emoji })}
            >
              {t("phone.react", { emoji })}
            </Menu.Item>
          ))}
        {has("poll_vote") &&
          message.type === "poll" &&
          (message.content.options ?? []).map((option) => (
            <Menu.Item
              key={option}
              leftSection={<CheckSquare size={15} />}
              onClick={() => onSend({ type: "poll_vote", message_id: id, poll: { options: [option] } })}
            >
              {t("phone.vote", { option })}
            </Menu.Item>
          ))}
        {theirs && has("edited") && message.type === "text" && (
          <Menu.Item leftSection={<Pencil size={15} />} onClick={() => onAim({ act: "edit", message })}>
            {t("phone.edit")}
          </Menu.Item>
        )}
        {theirs && has("deleted") && (
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={15} />}
            onClick={() => onSend({ type: "deleted", message_id: id })}
          >
            {t("phone.takeBack")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
