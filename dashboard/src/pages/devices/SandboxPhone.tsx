import { ActionIcon, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { SendHorizontal, UserRound } from "lucide-react";
import { type FormEvent, useState } from "react";
import { answer, api } from "~/api/client";
import { chatQuery, conversationsQuery } from "~/api/queries";
import { rows } from "~/api/query";
import type { Button, ChatMessage, Conversation, Device } from "~/api/types";
import { Bubble } from "~/chat/Bubble";
import { Phone } from "~/chat/Phone";
import { thread } from "~/chat/thread";
import { SIMULATED } from "~/domain/device";
import { useI18n } from "~/i18n";
import { Failed } from "~/ui/Status";
import { useAct } from "~/ui/useAct";
import { useFilled } from "~/ui/useFilled";

/** The phone of a simulated person: what the device sends them can be read, answered and pressed. */
export function SandboxPhone({ device }: { device: Device }) {
  const { t } = useI18n();
  const [person, setPerson] = useState(SIMULATED);
  const [text, setText] = useState("");
  const list = useInfiniteQuery(conversationsQuery({ device_id: device.id, search: person }));
  const conversation = rows(list.data).find((each) => each.contact.address === person);
  useFilled(list, conversation ? 1 : 0);
  const refresh = [["conversations"], ["chat"]];

  const write = useAct(
    () =>
      answer(
        api.POST("/v1/devices/{id}/phone", {
          params: { path: { id: device.id } },
          body: { from: person, type: "text", text },
        }),
      ),
    { refresh, after: () => setText("") },
  );
  const press = useAct(
    ({ button, message }: { button: Button; message: ChatMessage }) =>
      answer(
        api.POST("/v1/devices/{id}/phone", {
          params: { path: { id: device.id } },
          body: { from: person, type: "button", button_id: button.id ?? "", message_id: message.id },
        }),
      ),
    { refresh },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    if (text.trim()) write.mutate(undefined);
  }
  return (
    <Phone
      label={t("phone.title")}
      head={
        <TextInput
          aria-label={t("phone.person")}
          leftSection={<UserRound size={15} />}
          value={person}
          onChange={(event) => setPerson(event.currentTarget.value.trim())}
        />
      }
      foot={
        <form className="row" onSubmit={submit}>
          <TextInput
            className="grow"
            aria-label={t("phone.write")}
            placeholder={t("phone.write")}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <ActionIcon
            type="submit"
            variant="filled"
            color="leaf"
            aria-label={t("phone.send")}
            loading={write.isPending}
          >
            <SendHorizontal size={16} />
          </ActionIcon>
        </form>
      }
    >
      {list.error ? (
        <Failed error={list.error} />
      ) : conversation ? (
        <Chat conversation={conversation} onPress={(button, message) => press.mutate({ button, message })} />
      ) : (
        <p className="dim small">{t("phone.empty")}</p>
      )}
    </Phone>
  );
}

interface ChatProps {
  conversation: Conversation;
  onPress: (button: Button, message: ChatMessage) => void;
}

function Chat({ conversation: { id, channel }, onPress }: ChatProps) {
  const chat = useInfiniteQuery(chatQuery(id));
  return thread(rows(chat.data))
    .toReversed()
    .map((message) => <Bubble key={message.id} channel={channel} message={message} mirrored onPress={onPress} />);
}
