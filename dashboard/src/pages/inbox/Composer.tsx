import { ActionIcon, Button, Menu, Popover, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link2, Paperclip, SendHorizontal, Smile, Upload } from "lucide-react";
import { type KeyboardEvent, useRef, useState } from "react";
import { keepFile } from "~/api/media";
import { devicesQuery } from "~/api/queries";
import type { Conversation } from "~/api/types";
import { useI18n } from "~/i18n";
import { useConnected } from "~/live/stream";
import { Notice } from "~/ui/Notice";
import { useNow } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import { changeDraft, useDraft } from "./drafts";
import css from "./inbox.module.css";
import { OfficialFill } from "./OfficialFill";
import { OfficialTemplates } from "./OfficialTemplates";
import { useSend } from "./outboxes";
import { PickList, usePicking } from "./PickList";
import { type Pick, useChoices, useOfficial, useOwn } from "./picks";
import { type Medium, plain } from "./send";
import { TemplateFill } from "./TemplateFill";

const EMOJI = [
  "😀",
  "😁",
  "😊",
  "😍",
  "😂",
  "😅",
  "🤔",
  "😢",
  "🙏",
  "👍",
  "👌",
  "👏",
  "💪",
  "🎉",
  "🔥",
  "❤️",
  "✅",
  "❌",
  "⏳",
  "📦",
  "🚚",
  "💳",
  "🧾",
  "📍",
];

/** Where an answer is written: text, a medium by its address, an emoji, a template by `/`. */
export function Composer({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const connected = useConnected();
  const { id } = conversation;
  const { text, media } = useDraft(id);
  // A text may begin with a slash without being the search for a template.
  const [asText, setAsText] = useState(false);
  const setText = (text: string) => {
    if (!text.startsWith("/")) setAsText(false);
    changeDraft(id, (draft) => ({ ...draft, text }));
  };
  const setMedia = (media: Medium | null) => changeDraft(id, (draft) => ({ ...draft, media }));
  const [picked, setPicked] = useState<Pick | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const send = useSend(conversation);
  const picking = text.startsWith("/") && !text.includes("\n") && !asText;
  const words = picking ? text.slice(1) : "";
  const own = useOwn(conversation, words).map((template): Pick => ({ own: template }));
  const official = useOfficial(conversation, words).map((template): Pick => ({ official: template }));
  const picks = [...own, ...official];
  const list = usePicking(useChoices(picks), pick, () => setAsText(true));

  if (useWindowShut(conversation)) return <OfficialTemplates conversation={conversation} />;

  function pick(index: number) {
    setText("");
    setPicked(picks[index] ?? null);
  }
  function done() {
    setPicked(null);
    field.current?.focus();
  }
  function submit() {
    const medium = media?.url ? media : null;
    if (!text.trim() && !medium) return;
    send(plain(conversation, text.trim(), medium));
    changeDraft(id, () => ({ text: "", media: null }));
    setAsText(false);
    field.current?.focus();
  }
  function press(event: KeyboardEvent) {
    if (picking && list.press(event)) return;
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (connected) submit();
  }
  return (
    <div className={css.composer}>
      <Unreachable conversation={conversation} />
      <WindowLeft conversation={conversation} />
      {!connected && <Notice tone="warn">{t("inbox.offline")}</Notice>}
      {picking && (
        <>
          <PickList label={t("inbox.templates")} empty={t("inbox.noTemplates")} list={list.list} />
          <div>
            <Button variant="subtle" size="compact-xs" onClick={() => setAsText(true)}>
              {t("inbox.asText")}
            </Button>
          </div>
        </>
      )}
      {picked && "own" in picked && <TemplateFill template={picked.own} conversation={conversation} onDone={done} />}
      {picked && "official" in picked && (
        <OfficialFill template={picked.official} conversation={conversation} onDone={done} />
      )}
      {media !== null && (
        <TextInput
          label={t("inbox.mediaUrl")}
          placeholder="https://contoh.com/gambar.jpg"
          value={media.url}
          onChange={(event) => setMedia({ url: event.currentTarget.value, type: null })}
          rightSectionWidth={70}
          rightSection={
            <Button variant="subtle" size="compact-xs" onClick={() => setMedia(null)}>
              {t("common.cancel")}
            </Button>
          }
        />
      )}
      <div className="row">
        <Emoji onPick={(emoji) => setText(`${text}${emoji}`)} />
        <Attach onMedium={setMedia} />
        <Textarea
          ref={field}
          className="grow"
          aria-label={t("inbox.write")}
          placeholder={t("inbox.write")}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={press}
          {...(picking && list.field)}
          autosize
          minRows={1}
          maxRows={8}
        />
        <ActionIcon
          variant="filled"
          color="leaf"
          aria-label={t("inbox.send")}
          onClick={submit}
          disabled={!connected || picking}
        >
          <SendHorizontal size={17} />
        </ActionIcon>
      </div>
    </div>
  );
}

/** Simulated people answer to anything before they have written; Meta's do not. */
function useWindowShut({ channel, device_id, window_until }: Conversation): boolean {
  const now = useNow();
  const { data: devices } = useQuery(devicesQuery);
  if (channel !== "whatsapp-official") return false;
  if (window_until) return Date.parse(window_until) <= now;
  return devices?.find(({ id }) => id === device_id)?.sandbox === false;
}

/** That the other side wants no messages: it can still be tried, for what is known may be old. */
function Unreachable({ conversation: { unreachable_since, group } }: { conversation: Conversation }) {
  const { t, format } = useI18n();
  if (!unreachable_since) return null;
  const since = { since: format.exact(unreachable_since) };
  return <Notice tone="warn">{t(group ? "inbox.putOut" : "inbox.unreachable", since)}</Notice>;
}

/** How long one may still answer freely, where the network limits that. */
function WindowLeft({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const now = useNow();
  const until = conversation.window_until;
  if (!until) return null;
  if (Date.parse(until) <= now) return <Notice tone="warn">{t("inbox.windowShutFree")}</Notice>;
  const minutes = Math.floor((Date.parse(until) - now) / 60_000);
  return (
    <div className="small dim">{t("inbox.windowLeft", { hours: Math.floor(minutes / 60), minutes: minutes % 60 })}</div>
  );
}

/** A file of one's own, or something that is on the web already. */
function Attach({ onMedium }: { onMedium: (medium: Medium) => void }) {
  const { t } = useI18n();
  const picker = useRef<HTMLInputElement>(null);
  const keep = useAct(keepFile, { after: ({ media_url, type }) => onMedium({ url: media_url, type }) });
  return (
    <>
      <input
        ref={picker}
        type="file"
        hidden
        aria-label={t("inbox.file")}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) keep.mutate(file);
          event.currentTarget.value = "";
        }}
      />
      <Menu position="top-start">
        <Menu.Target>
          <ActionIcon aria-label={t("inbox.attach")} loading={keep.isPending}>
            <Paperclip size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Upload size={15} />} onClick={() => picker.current?.click()}>
            {t("inbox.file")}
          </Menu.Item>
          <Menu.Item leftSection={<Link2 size={15} />} onClick={() => onMedium({ url: "", type: null })}>
            {t("inbox.mediaUrl")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

function Emoji({ onPick }: { onPick: (emoji: string) => void }) {
  const { t } = useI18n();
  return (
    <Popover position="top-start" withinPortal>
      <Popover.Target>
        <ActionIcon aria-label={t("inbox.emoji")}>
          <Smile size={18} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={css.emoji}>
          {EMOJI.map((emoji) => (
            <button type="button" key={emoji} className={css.emojiOne} onClick={() => onPick(emoji)}>
              {emoji}
            </button>
          ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
