import { Copy, ExternalLink, FileText, MapPin, Reply, UserRound } from "lucide-react";
import type { Button, Channel, Content, ContentType } from "~/api/types";
import { marks } from "~/domain/channels";
import { useI18n } from "~/i18n";
import css from "./chat.module.css";
import { Formatted } from "./Formatted";

interface Props {
  channel: Channel;
  type: ContentType;
  content: Content;
  media?: string | null;
  /** Presses a quick reply, where one is the customer. */
  onPress?: (button: Button) => void;
}

/** What a message says, as the customer sees it. */
export function Body({ channel, type, content, media, onPress }: Props) {
  const text = content.text ?? content.caption ?? content.question ?? content.emoji;
  return (
    <>
      <Medium type={type} content={content} media={media} />
      {content.title && <strong>{content.title}</strong>}
      {text && (marks(channel) ? <Formatted text={text} /> : <div className={css.text}>{text}</div>)}
      {content.footer && <div className={css.footer}>{content.footer}</div>}
      {content.options && (
        <ul>
          {content.options.map((option) => (
            <li key={option}>{option}</li>
          ))}
        </ul>
      )}
      {content.buttons && content.buttons.length > 0 && <Buttons buttons={content.buttons} onPress={onPress} />}
    </>
  );
}

function Medium({ type, content, media }: Omit<Props, "channel" | "onPress">) {
  const { t } = useI18n();
  const name = content.filename ?? t(`type.${type}`);
  if (type === "location")
    return (
      <a
        className={css.attachment}
        href={`https://www.openstreetmap.org/?mlat=${content.latitude}&mlon=${content.longitude}#map=16/${content.latitude}/${content.longitude}`}
        target="_blank"
        rel="noreferrer noopener"
      >
        <MapPin size={18} aria-hidden /> {content.name ?? `${content.latitude}, ${content.longitude}`}
      </a>
    );
  if (type === "contact")
    return (
      <>
        {(content.contacts ?? []).map((contact) => (
          <div key={contact.name} className={css.attachment}>
            <UserRound size={18} aria-hidden />
            <span>
              {contact.name}
              <span className="small dim"> {contact.phones.join(", ")}</span>
            </span>
          </div>
        ))}
      </>
    );
  if (type === "unsupported" || type === "deleted") return <em className="dim">{t(`type.${type}`)}</em>;
  if (!media) return null;
  if (type === "image" || type === "sticker" || type === "button")
    return <img className={css.media} src={media} alt={name} />;
  if (type === "video")
    return <video className={css.media} src={media} controls preload="metadata" aria-label={name} />;
  if (type === "audio" || type === "voice") return <audio src={media} controls preload="metadata" aria-label={name} />;
  return (
    <a className={css.attachment} href={media} target="_blank" rel="noreferrer noopener">
      <FileText size={18} aria-hidden /> <span className="cut">{name}</span>
    </a>
  );
}

const ICON = { quick_reply: Reply, cta_url: ExternalLink, cta_copy: Copy };

function Buttons({ buttons, onPress }: { buttons: Button[]; onPress?: (button: Button) => void }) {
  return (
    <div className={css.buttons}>
      {buttons.map((button, index) => {
        const kind = button.type ?? "quick_reply";
        const Icon = ICON[kind];
        const inside = (
          <>
            <Icon size={14} aria-hidden /> {button.text}
          </>
        );
        const key = button.id ?? button.url ?? button.copy_code ?? String(index);
        if (kind === "quick_reply" && onPress)
          return (
            <button type="button" key={key} className={css.button} onClick={() => onPress(button)}>
              {inside}
            </button>
          );
        return (
          <span key={key} className={css.button} title={button.url ?? button.copy_code ?? undefined}>
            {inside}
          </span>
        );
      })}
    </div>
  );
}
