import { ActionIcon, NativeSelect, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { SendHorizontal, UserRound, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { answer, api } from "~/api/client";
import { chatQuery, conversationsQuery } from "~/api/queries";
import { rows } from "~/api/query";
import type { Button, ChatMessage, Conversation, Device, Receives, UsePhone } from "~/api/types";
import { Bubble } from "~/chat/Bubble";
import { Phone } from "~/chat/Phone";
import { thread } from "~/chat/thread";
import { SIMULATED } from "~/domain/device";
import { useI18n } from "~/i18n";
import { Failed } from "~/ui/Status";
import { useAct } from "~/ui/useAct";
import { useFilled } from "~/ui/useFilled";
import { type Aim, BubbleActs } from "./BubbleActs";
import css from "./devices.module.css";
import { PhoneAttach, type Sent } from "./PhoneAttach";
import { groupOf, isTheirs, type Role, roles, writer } from "./simulated";

interface Props {
  device: Device;
  /** What its channel can receive; not known yet while it is being read. */
  receives: Receives | undefined;
}

/** The phone of a simulated person: what the device sends them can be read, answered and pressed, and they send all that people can. */
export function SandboxPhone({ device, receives }: Props) {
  const { t } = useI18n();
  const [person, setPerson] = useState(SIMULATED);
  const [role, setRole] = useState<Role>("customer");
  const [text, setText] = useState("");
  const [aim, setAim] = useState<Aim | null>(null);
  const address = role === "group" ? groupOf(device.channel) : person;
  const list = useInfiniteQuery(conversationsQuery({ device_id: device.id, search: address }));
  const conversation = rows(list.data).find((each) => each.contact.address === address);
  useFilled(list, conversation ? 1 : 0);

  const act = useAct(
    (sent: Sent) => {
      const body: UsePhone = { ...writer(role, person, device.channel), ...sent };
      return answer(api.POST("/v1/devices/{id}/phone", { params: { path: { id: device.id } }, body }));
    },
    { refresh: [["conversations"], ["chat"]], after: () => setAim(null) },
  );
  const say = (sent: Sent) => act.mutate(sent, { onSuccess: () => setText("") });
  const send = (sent: Sent) => act.mutate(aim?.act === "reply" ? { ...sent, reply_to: aim.message.id } : sent);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!text.trim()) return;
    if (aim?.act === "edit") say({ type: "edited", message_id: aim.message.id, text });
    else say({ type: "text", text, ...(aim && { reply_to: aim.message.id }) });
  }
  function aimAt(next: Aim) {
    setAim(next);
    if (next.act === "edit") setText(next.message.content.text ?? "");
  }
  const press = (button: Button, message: ChatMessage) =>
    act.mutate({ type: "button", button_id: button.id ?? "", text: button.text, message_id: message.id });

  const offered = roles(receives);
  return (
    <Phone
      label={t("phone.title")}
      head={
        <div className={css.who}>
          <TextInput
            aria-label={t("phone.person")}
            leftSection={<UserRound size={15} />}
            value={person}
            onChange={(event) => setPerson(event.currentTarget.value.trim())}
          />
          {offered.length > 1 && (
            <NativeSelect
              aria-label={t("phone.role")}
              value={role}
              onChange={(event) => setRole(event.currentTarget.value as Role)}
              data={offered.map((each) => ({ value: each, label: t(`phoneAs.${each}`) }))}
            />
          )}
        </div>
      }
      foot={
        <form className="stack" onSubmit={submit}>
          {aim && (
            <div className={css.aim}>
              <span className="cut">
                {t(aim.act === "edit" ? "phone.editing" : "phone.replying")}{" "}
                {aim.message.content.text ?? t(`type.${aim.message.type}`)}
              </span>
              <ActionIcon size="xs" aria-label={t("common.cancel")} onClick={() => setAim(null)}>
                <X size={14} />
              </ActionIcon>
            </div>
          )}
          <div className="row">
            <PhoneAttach receives={receives} busy={act.isPending} onSend={send} />
            <TextInput
              className="grow"
              aria-label={t("phone.write")}
              placeholder={t(`phoneWrite.${role}`)}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            <ActionIcon
              type="submit"
              variant="filled"
              color="leaf"
              aria-label={t("phone.send")}
              loading={act.isPending}
            >
              <SendHorizontal size={16} />
            </ActionIcon>
          </div>
        </form>
      }
    >
      {list.error ? (
        <Failed error={list.error} />
      ) : conversation ? (
        <Chat
          conversation={conversation}
          role={role}
          person={person}
          receives={receives}
          onPress={press}
          onAim={aimAt}
          onSend={act.mutate}
        />
      ) : (
        <p className="dim small">{t("phone.empty")}</p>
      )}
    </Phone>
  );
}

interface ChatProps {
  conversation: Conversation;
  role: Role;
  person: string;
  receives: Receives | undefined;
  onPress: (button: Button, message: ChatMessage) => void;
  onAim: (aim: Aim) => void;
  onSend: (sent: Sent) => void;
}

function Chat({ conversation: { id, channel }, role, person, receives, onPress, onAim, onSend }: ChatProps) {
  const chat = useInfiniteQuery(chatQuery(id));
  const messages = rows(chat.data);
  return thread(messages)
    .toReversed()
    .map((message) => (
      <Bubble
        key={message.id}
        channel={channel}
        message={message}
        quoted={messages.find((each) => each.id === message.reply_to)}
        mirrored
        onPress={onPress}
        acts={
          <BubbleActs
            message={message}
            receives={receives}
            theirs={isTheirs(message, role, person)}
            onAim={onAim}
            onSend={onSend}
          />
        }
      />
    ));
}
