import { ActionIcon, Button, Menu, Popover, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link2, Paperclip, SendHorizontal, Smile, Upload } from "lucide-react";
import { type KeyboardEvent, useRef, useState } from "react";
import { keepFile } from "~/api/media";
import { templatesQuery } from "~/api/queries";
import type { Conversation, Template } from "~/api/types";
import { useI18n } from "~/i18n";
import { useConnected } from "~/live/stream";
import { Notice } from "~/ui/Notice";
import { useNow } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import { useDraft } from "./drafts";
import css from "./inbox.module.css";
import { OfficialTemplates } from "./OfficialTemplates";
import { type Medium, useSend } from "./send";
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
  const [text, setText] = useDraft(conversation.id);
  const [media, setMedia] = useState<Medium | null>(null);
  const [template, setTemplate] = useState<Template | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const send = useSend(conversation);
  const picking = text.startsWith("/") && !text.includes("\n");

  if (useWindowShut(conversation)) return <OfficialTemplates conversation={conversation} />;

  function submit() {
    const medium = media?.url ? media : null;
    if (!text.trim() && !medium) return;
    send.message(text.trim(), medium);
    setText("");
    setMedia(null);
    field.current?.focus();
  }
  function press(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || picking || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (connected) submit();
  }
  return (
    <div className={css.composer}>
      <WindowLeft conversation={conversation} />
      {!connected && <Notice tone="warn">{t("inbox.offline")}</Notice>}
      {picking && (
        <QuickTemplates
          text={text.slice(1)}
          onPick={(picked) => {
            setText("");
            setTemplate(picked);
          }}
        />
      )}
      {template && <TemplateFill template={template} conversation={conversation} onDone={() => setTemplate(null)} />}
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

function useWindowShut({ channel, window_until }: Conversation): boolean {
  const now = useNow();
  return channel === "whatsapp-official" && !!window_until && Date.parse(window_until) <= now;
}

/** How long one may still answer freely, where the network limits that. */
function WindowLeft({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const now = useNow();
  const until = conversation.window_until;
  if (!until) return null;
  const minutes = Math.max(0, Math.round((Date.parse(until) - now) / 60_000));
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

function QuickTemplates({ text, onPick }: { text: string; onPick: (template: Template) => void }) {
  const { t } = useI18n();
  const templates = useQuery(templatesQuery);
  const [at, setAt] = useState(0);
  const words = text.trim().toLowerCase();
  const found = (templates.data ?? []).filter((each) => `${each.name} ${each.text}`.toLowerCase().includes(words));
  return (
    <div className={css.templates} role="listbox" aria-label={t("inbox.templates")}>
      {found.map((template, index) => (
        <button
          type="button"
          key={template.id}
          role="option"
          aria-selected={index === at}
          className={css.template}
          onFocus={() => setAt(index)}
          onMouseEnter={() => setAt(index)}
          onClick={() => onPick(template)}
        >
          <strong>{template.name}</strong>
          <div className="small dim cut">{template.text}</div>
        </button>
      ))}
      {found.length === 0 && <p className="dim small">{t("inbox.noTemplates")}</p>}
    </div>
  );
}
