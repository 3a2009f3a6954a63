import { SegmentedControl, Select, Switch, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Inbox as InboxIcon, Search } from "lucide-react";
import { useEffect, useRef } from "react";
import { conversationsQuery } from "~/api/queries";
import { rows } from "~/api/query";
import { CHANNELS, type Conversation } from "~/api/types";
import { Ticks } from "~/chat/Ticks";
import { grouped } from "~/domain/address";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { typing } from "~/shell/Shortcuts";
import { Failed, Loading, Status } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import { useFilled } from "~/ui/useFilled";
import { filterOf, type InboxSearch } from "./Inbox";
import css from "./inbox.module.css";

const ROW = 68;
const ANY = "";

interface Props {
  chosen: string | undefined;
  search: InboxSearch;
}

export function ConversationList({ chosen, search }: Props) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const query = useInfiniteQuery(conversationsQuery(filterOf(search)));
  const conversations = rows(query.data);
  const looking = useFilled(query, conversations.length);
  const change = (next: InboxSearch) => void navigate({ to: ".", search: { ...search, ...next }, replace: true });
  const find = useDebouncedCallback((text: string) => change({ search: text.trim() || undefined }), 250);

  useEffect(() => {
    function press(event: KeyboardEvent) {
      if (typing(event) || (event.key !== "j" && event.key !== "k")) return;
      const at = conversations.findIndex((each) => each.id === chosen);
      const next = conversations[event.key === "j" ? at + 1 : Math.max(0, at - 1)];
      if (next) void navigate({ to: "/inbox/$id", params: { id: next.id }, search });
    }
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [conversations, chosen, navigate, search]);

  return (
    <section className={css.list} aria-label={t("inbox.list")}>
      <h1 className={css.filters}>{t("nav.inbox")}</h1>
      <div className={css.filters}>
        <TextInput
          leftSection={<Search size={15} />}
          placeholder={t("inbox.search")}
          aria-label={t("inbox.search")}
          defaultValue={search.search ?? ""}
          onChange={(event) => find(event.currentTarget.value)}
        />
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label={t("inbox.state")}
          value={search.state ?? "open"}
          onChange={(value) => change({ state: value === "open" ? undefined : value })}
          data={[
            { value: "open", label: t("inbox.open") },
            { value: "resolved", label: t("inbox.resolved") },
            { value: "all", label: t("inbox.all") },
          ]}
        />
        <div className="row">
          <Select
            className="grow"
            size="xs"
            aria-label={t("inbox.channel")}
            data={[
              { value: ANY, label: t("inbox.anyChannel") },
              ...CHANNELS.map((value) => ({ value, label: CHANNEL[value].name })),
            ]}
            value={search.channel ?? ANY}
            onChange={(value) => change({ channel: value || undefined })}
          />
          <Select
            className="grow"
            size="xs"
            aria-label={t("inbox.assigned")}
            data={[
              { value: ANY, label: t("inbox.anybody") },
              { value: "me", label: t("inbox.mine") },
              { value: "nobody", label: t("inbox.nobody") },
            ]}
            value={search.assigned ?? ANY}
            onChange={(value) => change({ assigned: value || undefined })}
          />
        </div>
        <Switch
          size="xs"
          label={t("inbox.unread")}
          checked={search.unread === "true"}
          onChange={(event) => change({ unread: event.currentTarget.checked ? "true" : undefined })}
        />
      </div>
      {query.error && !query.data ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending || looking ? (
        <Loading lines={8} height={60} />
      ) : conversations.length === 0 ? (
        <Status icon={InboxIcon} title={t("inbox.none")}>
          {t("inbox.noneAbout")}
        </Status>
      ) : (
        <Rows
          conversations={conversations}
          chosen={chosen}
          search={search}
          reading={query.isFetchingNextPage}
          more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined}
        />
      )}
    </section>
  );
}

interface RowsProps extends Props {
  conversations: Conversation[];
  /** The next page is on its way. */
  reading: boolean;
  more: (() => void) | undefined;
}

/** Only the rows in sight are on the page, so that a hundred thousand weigh no more than ten. */
function Rows({ conversations, chosen, search, reading, more }: RowsProps) {
  const { t } = useI18n();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: conversations.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (index) => conversations[index]?.id ?? index,
    overscan: 6,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= conversations.length - 8) more();
  }, [more, last, conversations.length]);
  return (
    <div
      className={css.scroller}
      ref={scroller}
      role="region"
      aria-label={t("inbox.list")}
      aria-busy={reading}
      tabIndex={0}
    >
      <div className={css.canvas} style={{ height: virtual.getTotalSize() }}>
        {shown.map((item) => {
          const conversation = conversations[item.index];
          return (
            conversation && (
              <Row
                key={item.key}
                conversation={conversation}
                chosen={conversation.id === chosen}
                search={search}
                top={item.start}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  conversation: Conversation;
  chosen: boolean;
  search: InboxSearch;
  top: number;
}

function Row({ conversation, chosen, search, top }: RowProps) {
  const { t } = useI18n();
  const { contact, last_message: last, unread } = conversation;
  return (
    <Link
      to="/inbox/$id"
      params={{ id: conversation.id }}
      search={search}
      className={css.row}
      data-chosen={chosen}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className="row between">
        <strong className="cut">{contact.name || grouped(contact.address, conversation.channel)}</strong>
        <span className="small dim">
          <Ago at={conversation.updated_at} />
        </span>
      </span>
      <span className="row between small dim">
        <span className="row tight cut">
          {last?.direction === "out" && last.state && <Ticks state={last.state} />}
          <span className="cut">{last ? (last.text ?? t(`type.${last.type}`)) : "—"}</span>
        </span>
        {unread > 0 && (
          <span className={css.count} title={t("inbox.unreadCount", { count: unread })}>
            {unread}
          </span>
        )}
      </span>
      <span className="small dim cut">
        {CHANNEL[conversation.channel].name}
        {conversation.state === "resolved" && ` · ${t("inbox.resolved")}`}
        {conversation.unreachable_since && ` · ${t("inbox.unreachableMark")}`}
      </span>
    </Link>
  );
}
