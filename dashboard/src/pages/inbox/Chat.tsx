import { ActionIcon, Button } from "@mantine/core";
import { useDocumentVisibility } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { ArrowLeft, CheckCheck, RotateCcw } from "lucide-react";
import { Fragment, useEffect, useMemo, useRef } from "react";
import { answer, api } from "~/api/client";
import { chatQuery, conversationQuery } from "~/api/queries";
import { rows } from "~/api/query";
import type { Conversation } from "~/api/types";
import { Bubble } from "~/chat/Bubble";
import { thread } from "~/chat/thread";
import { grouped } from "~/domain/address";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { Loaded } from "~/ui/Status";
import { useAct } from "~/ui/useAct";
import { Assign } from "./Assign";
import { Composer } from "./Composer";
import { ContactButton, ContactPanel } from "./ContactPanel";
import type { InboxSearch } from "./Inbox";
import css from "./inbox.module.css";
import { LetterBubble } from "./LetterBubble";
import { useLetters, useUnsentWarning } from "./outboxes";

export function Chat({ id }: { id: string }) {
  const { t } = useI18n();
  const conversation = useQuery(conversationQuery(id));
  return (
    <>
      <section className={css.chat} aria-label={t("inbox.conversation")}>
        <Loaded query={conversation}>
          {(found) => (
            <>
              <Head conversation={found} />
              <Messages conversation={found} />
              <Composer key={found.id} conversation={found} />
            </>
          )}
        </Loaded>
      </section>
      {conversation.data && <ContactPanel conversation={conversation.data} />}
    </>
  );
}

function Head({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const search: InboxSearch = useSearch({ strict: false });
  const { contact } = conversation;
  const path = { params: { path: { id: conversation.id } } };
  const refresh = [["conversation", conversation.id], ["conversations"]];
  const resolve = useAct(() => answer(api.POST("/v1/conversations/{id}/resolve", path)), {
    done: t("inbox.resolvedNow"),
    refresh,
  });
  const reopen = useAct(() => answer(api.POST("/v1/conversations/{id}/reopen", path)), { refresh });
  return (
    <header className={css.head}>
      <ActionIcon
        className={css.back}
        aria-label={t("inbox.back")}
        renderRoot={(props) => <Link to="/inbox" search={search} {...props} />}
      >
        <ArrowLeft size={18} />
      </ActionIcon>
      <div className={css.who}>
        <h2 className="cut">{contact.name || grouped(contact.address, conversation.channel)}</h2>
        <div className="small dim cut">
          {CHANNEL[conversation.channel].name} · {grouped(contact.address, conversation.channel)}
        </div>
      </div>
      <ContactButton conversation={conversation} />
      <Assign conversation={conversation} />
      {conversation.state === "open" ? (
        <Button
          className={css.end}
          variant="default"
          leftSection={<CheckCheck size={15} />}
          onClick={() => resolve.mutate(undefined)}
          aria-label={t("inbox.resolve")}
        >
          {t("inbox.resolve")}
        </Button>
      ) : (
        <Button
          className={css.end}
          variant="default"
          leftSection={<RotateCcw size={15} />}
          onClick={() => reopen.mutate(undefined)}
          aria-label={t("inbox.reopen")}
        >
          {t("inbox.reopen")}
        </Button>
      )}
    </header>
  );
}

/** Newest at the bottom; older ones are read when one scrolls up to them. */
function Messages({ conversation }: { conversation: Conversation }) {
  const { t, format } = useI18n();
  const chat = useInfiniteQuery(chatQuery(conversation.id));
  const read = rows(chat.data);
  const known = useMemo(() => new Set(rows(chat.data).map(({ id }) => id)), [chat.data]);
  const letters = useLetters(conversation.id, known, chat.data?.pages[0]?.begun ?? 0);
  const messages = thread(read);
  const byId = new Map(read.map((message) => [message.id, message]));
  const top = useRef<HTMLDivElement>(null);
  useMarkRead(conversation, read[0]?.id);
  useUnsentWarning();

  useEffect(() => {
    const sentinel = top.current;
    if (!sentinel || !chat.hasNextPage) return;
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) void chat.fetchNextPage();
    });
    observer.observe(sentinel);
    return () => observer.disconnect();
  }, [chat.hasNextPage, chat.fetchNextPage]);

  return (
    <div className={css.messages} role="log" aria-label={t("inbox.messages")} tabIndex={0}>
      <Loaded query={chat}>
        {() => (
          <>
            {letters.map((letter) => (
              <LetterBubble key={letter.key} letter={letter} channel={conversation.channel} />
            ))}
            {messages.map((message, index) => {
              const older = messages[index + 1];
              const newDay = !older || format.dayKey(older.at) !== format.dayKey(message.at);
              return (
                <Fragment key={message.id}>
                  <Bubble
                    channel={conversation.channel}
                    message={message}
                    quoted={message.reply_to ? byId.get(message.reply_to) : undefined}
                  />
                  {newDay && <div className={css.day}>{format.day(message.at)}</div>}
                </Fragment>
              );
            })}
            <div ref={top} />
          </>
        )}
      </Loaded>
    </div>
  );
}

/** What is on the page has been read. */
function useMarkRead({ id, unread }: Conversation, newest: string | undefined) {
  const mark = useAct(() => answer(api.POST("/v1/conversations/{id}/read", { params: { path: { id } } })), {
    refresh: [["conversation", id], ["conversations"]],
  });
  const { mutate } = mark;
  const visible = useDocumentVisibility() === "visible";
  useEffect(() => {
    if (unread > 0 && newest && visible) mutate(undefined);
  }, [unread, newest, visible, mutate]);
}
