import { ActionIcon, Button, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Info } from "lucide-react";
import { type FormEvent, useState } from "react";
import { answer, api } from "~/api/client";
import { contactQuery, notesQuery } from "~/api/queries";
import type { Contact, Conversation } from "~/api/types";
import { grouped } from "~/domain/address";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { useMay } from "~/shell/session";
import { Copy } from "~/ui/Copy";
import { Facts } from "~/ui/Facts";
import { SidePanel } from "~/ui/SidePanel";
import { Loaded } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import css from "./inbox.module.css";
import { changed, changeTo, UNCHANGED } from "./labels";

/** Who one is talking to, beside the chat where there is room. */
export function ContactPanel({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  return (
    <aside className={css.side} aria-label={t("inbox.contact")}>
      <h2>{t("inbox.contact")}</h2>
      <Details conversation={conversation} />
    </aside>
  );
}

/** The same over the chat, where there is none. */
export function ContactButton({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const [opened, setOpened] = useState(false);
  return (
    <>
      <ActionIcon className={css.about} aria-label={t("inbox.contact")} onClick={() => setOpened(true)}>
        <Info size={18} />
      </ActionIcon>
      <SidePanel title={t("inbox.contact")} opened={opened} onClose={() => setOpened(false)}>
        <Details conversation={conversation} />
      </SidePanel>
    </>
  );
}

function Details({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const { contact } = conversation;
  return (
    <>
      <Facts
        facts={[
          [
            t("inbox.address"),
            <Copy key="address" text={contact.address} shown={grouped(contact.address, conversation.channel)} />,
          ],
          [t("inbox.channel"), CHANNEL[conversation.channel].name],
        ]}
      />
      {contact.id && <Person id={contact.id} />}
      <Notes conversation={conversation} />
    </>
  );
}

function Person({ id }: { id: string }) {
  const contact = useQuery(contactQuery(id));
  return <Loaded query={contact}>{(found) => <About key={found.id} contact={found} />}</Loaded>;
}

function About({ contact }: { contact: Contact }) {
  const { t } = useI18n();
  const mayChange = useMay("settings");
  const client = useQueryClient();
  // Only what was changed here is saved: colleagues change the same person.
  const [written, setWritten] = useState<string | null>(null);
  const [change, setChange] = useState(UNCHANGED);
  const labels = changed(contact.labels, change);
  const save = useAct(
    async () => {
      const now = await client.fetchQuery({ ...contactQuery(contact.id), staleTime: 0 });
      const body = { ...(written !== null && { name: written }), labels: changed(now.labels, change) };
      return answer(api.PATCH("/v1/contacts/{id}", { params: { path: { id: contact.id } }, body }));
    },
    {
      done: t("inbox.contactSaved"),
      refresh: [["conversations"], ["conversation"]],
      after: (saved) => {
        client.setQueryData(contactQuery(contact.id).queryKey, saved);
        setWritten(null);
        setChange(UNCHANGED);
      },
    },
  );
  if (!mayChange) return labels.length > 0 ? <p className="dim">{labels.join(", ")}</p> : null;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(undefined);
      }}
    >
      <TextInput
        label={t("common.name")}
        value={written ?? contact.name ?? ""}
        onChange={(event) => setWritten(event.currentTarget.value)}
      />
      <TagsInput
        label={t("inbox.labels")}
        value={labels}
        onChange={(wanted) => setChange(changeTo(contact.labels, wanted))}
      />
      <div>
        <Button type="submit" variant="default" size="compact-sm" loading={save.isPending}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}

function Notes({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const notes = useQuery(notesQuery(conversation.id));
  const [text, setText] = useState("");
  const add = useAct(
    () =>
      answer(
        api.POST("/v1/conversations/{id}/notes", {
          params: { path: { id: conversation.id } },
          body: { text: text.trim() },
        }),
      ),
    { refresh: [["notes", conversation.id]], after: () => setText("") },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    if (text.trim()) add.mutate(undefined);
  }
  return (
    <section className="stack">
      <h3>{t("inbox.notes")}</h3>
      <Loaded query={notes}>
        {(all) => (
          <ul className="plain stack tight">
            {all.map((note) => (
              <li key={note.id} className={css.note}>
                {note.text}
                <div className="small dim">
                  {note.author} · <Ago at={note.at} />
                </div>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <form className="stack tight" onSubmit={submit}>
        <Textarea
          aria-label={t("inbox.writeNote")}
          placeholder={t("inbox.writeNote")}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autosize
          maxRows={6}
        />
        <div>
          <Button type="submit" variant="default" size="compact-sm" loading={add.isPending}>
            {t("inbox.addNote")}
          </Button>
        </div>
      </form>
    </section>
  );
}
