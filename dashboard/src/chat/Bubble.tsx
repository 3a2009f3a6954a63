import type { ReactNode } from "react";
import type { Button, Channel, ChatMessage } from "~/api/types";
import { useI18n } from "~/i18n";
import { Body } from "./Body";
import css from "./chat.module.css";
import { Ticks } from "./Ticks";
import type { Shown } from "./thread";

interface Props {
  channel: Channel;
  message: Shown;
  /** What it answers, if that is on the page. */
  quoted?: ChatMessage;
  /** Shows it from the customer's side: what we sent comes in. */
  mirrored?: boolean;
  onPress?: (button: Button, message: ChatMessage) => void;
  /** What can be done with it here. */
  acts?: ReactNode;
  /** What went wrong with it, and what can be done. */
  trouble?: ReactNode;
}

export function Bubble({ channel, message, quoted, mirrored = false, onPress, acts, trouble }: Props) {
  const { t, format } = useI18n();
  const out = (message.direction === "out") !== mirrored;
  const { reactions } = message;
  return (
    <div className={`${css.line} ${out ? css.out : ""}`} data-message={message.id} data-direction={message.direction}>
      <div className={css.bubble}>
        {quoted && <div className={`${css.quote} cut`}>{summary(quoted) ?? t(`type.${quoted.type}`)}</div>}
        <Body
          channel={channel}
          type={message.type}
          content={message.content}
          media={message.media_url}
          onPress={onPress && ((button) => onPress(button, message))}
        />
        <div className={css.meta}>
          {message.echo && !mirrored && <span>{t("inbox.fromPhone")} ·</span>}
          {message.edited && <span>{t("inbox.edited")} ·</span>}
          <time dateTime={message.at} title={format.exact(message.at)}>
            {format.time(message.at)}
          </time>
          {message.direction === "out" && !mirrored && message.state && <Ticks state={message.state} />}
          {acts}
        </div>
      </div>
      {reactions.length > 0 && <div className={css.reactions}>{reactions.join(" ")}</div>}
      {message.error && !mirrored && <div className={css.error}>{message.error.message}</div>}
      {trouble && <div className={css.error}>{trouble}</div>}
    </div>
  );
}

function summary(message: ChatMessage): string | null | undefined {
  const { text, caption, title } = message.content;
  return text ?? caption ?? title;
}
