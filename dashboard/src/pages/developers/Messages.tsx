import { Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ArrowDownLeft, ArrowUpRight, ListX, Search } from "lucide-react";
import { messagesQuery } from "~/api/queries";
import { rows } from "~/api/query";
import { CHANNELS, type LoggedMessage } from "~/api/types";
import { grouped } from "~/domain/address";
import { CHANNEL } from "~/domain/channels";
import { MESSAGE_STATES, MESSAGE_TONE } from "~/domain/message";
import { useI18n } from "~/i18n";
import { Page } from "~/ui/Page";
import { State } from "~/ui/State";
import { Loaded, Loading, Status } from "~/ui/Status";
import { More, Table } from "~/ui/Table";
import { Ago } from "~/ui/Time";
import ui from "~/ui/ui.module.css";
import { useFilled } from "~/ui/useFilled";
import css from "./developers.module.css";
import { JobPanel } from "./JobPanel";
import { MessagePanel } from "./MessagePanel";

const route = getRouteApi("/app/developers/messages");
const ANY = "";

export default function Messages() {
  const { t } = useI18n();
  const { job, message: opened, ...search } = route.useSearch();
  const navigate = route.useNavigate();
  const direction = search.direction === "in" || search.direction === "out" ? search.direction : undefined;
  const state = MESSAGE_STATES.find((each) => each === search.state);
  const channel = CHANNELS.find((each) => each === search.channel);
  const query = useInfiniteQuery(messagesQuery({ ...search, direction, state, channel }));
  const looking = useFilled(query, rows(query.data).length);
  const filter = (change: Record<string, string | undefined>) =>
    void navigate({ search: (now) => ({ ...now, ...change }), replace: true });
  const find = useDebouncedCallback((text: string) => filter({ search: text.trim() || undefined }), 300);
  return (
    <Page title={t("log.title")} about={t("log.about")}>
      <div className={css.filters}>
        <TextInput
          leftSection={<Search size={15} />}
          placeholder={t("log.search")}
          aria-label={t("log.search")}
          defaultValue={search.search ?? ""}
          onChange={(event) => find(event.currentTarget.value)}
        />
        <Select
          aria-label={t("log.state")}
          data={[
            { value: ANY, label: t("log.anyState") },
            ...MESSAGE_STATES.map((value) => ({ value, label: t(`messageState.${value}`) })),
          ]}
          value={state ?? ANY}
          onChange={(value) => filter({ state: value || undefined })}
        />
        <Select
          aria-label={t("log.direction")}
          data={[
            { value: ANY, label: t("log.bothDirections") },
            { value: "in", label: t("log.in") },
            { value: "out", label: t("log.out") },
          ]}
          value={direction ?? ANY}
          onChange={(value) => filter({ direction: value || undefined })}
        />
        <Select
          aria-label={t("log.channel")}
          data={[
            { value: ANY, label: t("log.anyChannel") },
            ...CHANNELS.map((value) => ({ value, label: CHANNEL[value].name })),
          ]}
          value={channel ?? ANY}
          onChange={(value) => filter({ channel: value || undefined })}
        />
      </div>
      <Loaded query={query}>
        {(data) => {
          const messages = rows(data);
          if (looking) return <Loading />;
          if (messages.length === 0)
            return (
              <Status icon={ListX} title={t("log.none")}>
                {t("log.noneAbout")}
              </Status>
            );
          return (
            <>
              <Table
                label={t("log.title")}
                head={[
                  t("common.time"),
                  t("log.direction"),
                  t("log.channel"),
                  t("log.address"),
                  t("log.type"),
                  t("log.state"),
                  t("log.attempts"),
                ]}
                wideOnly={[t("log.type"), t("log.attempts")]}
              >
                {messages.map((message) => (
                  <Row
                    key={message.id}
                    message={message}
                    open={message.job_id ? message.job_id === job : message.id === opened}
                    onOpen={() =>
                      filter({ job: message.job_id ?? undefined, message: message.job_id ? undefined : message.id })
                    }
                  />
                ))}
              </Table>
              <More query={query} />
            </>
          );
        }}
      </Loaded>
      <JobPanel id={job} onClose={() => filter({ job: undefined })} />
      <MessagePanel id={job ? undefined : opened} onClose={() => filter({ message: undefined })} />
    </Page>
  );
}

interface RowProps {
  message: LoggedMessage;
  open: boolean;
  onOpen: () => void;
}

function Row({ message, open, onOpen }: RowProps) {
  const { t } = useI18n();
  const Arrow = message.direction === "in" ? ArrowDownLeft : ArrowUpRight;
  return (
    <tr data-open={open}>
      <td>
        <button type="button" className={ui.rowLink} onClick={onOpen}>
          <Ago at={message.at} />
        </button>
      </td>
      <td>
        <span className="row tight">
          <Arrow size={14} aria-hidden /> {t(message.direction === "in" ? "log.in" : "log.out")}
        </span>
      </td>
      <td>{CHANNEL[message.channel].name}</td>
      <td>{grouped(message.address, message.channel)}</td>
      <td>{t(`type.${message.type}`)}</td>
      <td>
        {message.state && <State tone={MESSAGE_TONE[message.state]} label={t(`messageState.${message.state}`)} />}
        {message.error && <div className="small dim">{message.error.code}</div>}
      </td>
      <td>{message.attempts}</td>
    </tr>
  );
}
