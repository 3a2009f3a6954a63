import { useParams, useSearch } from "@tanstack/react-router";
import { MessagesSquare } from "lucide-react";
import { useEffect } from "react";
import type { ConversationFilter } from "~/api/queries";
import { CHANNELS } from "~/api/types";
import { useI18n } from "~/i18n";
import { Gate } from "~/ui/Gate";
import { Status } from "~/ui/Status";
import { Chat } from "./Chat";
import { ConversationList } from "./ConversationList";
import css from "./inbox.module.css";

export type InboxSearch = { [K in "search" | "channel" | "device_id" | "state" | "unread" | "assigned"]?: string };

export function filterOf(search: InboxSearch): ConversationFilter {
  const { state, unread, channel, ...rest } = search;
  return {
    ...rest,
    channel: CHANNELS.find((each) => each === channel),
    state: state === "all" ? undefined : state === "resolved" ? "resolved" : "open",
    ...(unread === "true" && { unread: true }),
  };
}

/** Conversations of every channel: the list, the chat, who it is. */
export default function Inbox() {
  const { t } = useI18n();
  const { id } = useParams({ strict: false });
  const search: InboxSearch = useSearch({ strict: false });
  useEffect(() => {
    document.title = `${t("nav.inbox")} · Cetar`;
  }, [t]);
  return (
    <Gate part="conversations">
      <div className={css.inbox} data-open={id !== undefined}>
        <ConversationList chosen={id} search={search} />
        {id ? (
          <Chat key={id} id={id} />
        ) : (
          <section className={css.chat} aria-label={t("inbox.conversation")}>
            <Status icon={MessagesSquare} title={t("inbox.choose")}>
              {t("inbox.chooseAbout")}
            </Status>
          </section>
        )}
      </div>
    </Gate>
  );
}
